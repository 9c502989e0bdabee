//! The engine's own life: how it starts, leaves, dies, and comes back.

mod attention;
mod boundary;
mod disk;
mod inbox;
mod isolation;
mod leaving;
mod recovery;
mod remains;
mod rounds;
mod sleep;
mod starting;
mod telling;
