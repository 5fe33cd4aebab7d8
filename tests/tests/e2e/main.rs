//! The server over a real PostgreSQL, through a socket. One program, since linking a server is what costs.

mod access;
mod arguments;
mod calls;
mod compat;
mod embeds;
mod etags;
mod fixtures;
mod guarding;
mod health;
mod limits;
mod outage;
mod reads;
mod writes;
