//! The edge: pages, sockets, administration.
