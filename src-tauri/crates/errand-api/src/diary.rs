//! What an engine or an app says about itself while it runs; whoever starts it decides where that goes. Secret values
//! that this process knows are kept out of it.

use std::io::{self, Write};
use std::sync::LazyLock;

use errand_base::Redactor;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

/// A process has one diary, and whatever it knows is kept out of that.
static KNOWN: LazyLock<Redactor> = LazyLock::new(Redactor::default);

/// What the diary of this process keeps out. An engine in it shares it.
pub fn redactor() -> Redactor {
    KNOWN.clone()
}

/// Gets each line as a whole.
struct Redacted<W>(W);

impl<W: Write> Write for Redacted<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(KNOWN.redact(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// From here on warnings go to standard error, or what `ERRAND_LOG` asks for: `debug`, `errand_engine=trace,warn`.
pub fn to_stderr() {
    let wanted = std::env::var("ERRAND_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    let filter = wanted.unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN));
    let lines = fmt::layer().with_writer(|| Redacted(io::stderr())).with_ansi(false).with_filter(filter);
    // A program that hosts us may have set up its own.
    let _ = registry().with(lines).try_init();
}
