//! What an engine or an app says about itself while it runs; whoever starts it decides where that goes.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

/// From here on warnings go to standard error, or what `ERRAND_LOG` asks for: `debug`, `errand_engine=trace,warn`.
pub fn to_stderr() {
    let wanted = std::env::var("ERRAND_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    let filter = wanted.unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN));
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(false).with_filter(filter);
    // A program that hosts us may have set up its own.
    let _ = registry().with(lines).try_init();
}
