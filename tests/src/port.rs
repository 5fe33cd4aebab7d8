//! Addresses for programs that must be told where to listen.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::must;

/// An address of this machine where nobody listened a moment ago.
pub(crate) fn free() -> SocketAddr {
    let listener = must("a free port", TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    must("a free port", listener.local_addr())
}
