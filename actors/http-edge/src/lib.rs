//! HTTP in, messages out: JSON API, Subscription Manager, join pages
