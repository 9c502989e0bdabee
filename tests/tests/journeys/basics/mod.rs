//! One person, one terminal, one task after the other.

mod contract;
mod deciding;
mod ending;
mod handing_over;
mod keeping;
mod looking;
mod steering;
mod waiting;
