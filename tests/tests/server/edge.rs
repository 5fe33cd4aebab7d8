//! The edge: what a connection may do, encrypted or not, in either version of HTTP.

mod drain;
mod frames;
mod framing;
mod http2;
mod slow;
mod tls;
