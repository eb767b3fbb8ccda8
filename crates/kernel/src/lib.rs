//! What makes a plain struct an actor: hosting, supervision, the bus
