//! Access links: create, list, edit, rotate, disable, resolve
