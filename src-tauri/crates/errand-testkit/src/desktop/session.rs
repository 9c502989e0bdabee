//! The three programs every desktop has: message bus, X server, window manager.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use super::{
    Desktop,
    error::{DesktopError, Result},
    tether::Running,
    wait::until,
};

const LIMIT: Duration = Duration::from_secs(20);

pub(super) fn start_bus(desktop: &mut Desktop) -> Result<()> {
    let socket = desktop.runtime_dir().join("bus");
    let config = desktop.scratch().join("bus.conf");
    fs::write(&config, bus_config(&socket))?;
    let mut command = desktop.command("dbus-daemon");
    command.arg("--config-file").arg(&config).args(["--nofork", "--nopidfile", "--print-address=1"]);
    let address = start_and_read_line(desktop, command, "dbus-daemon")?;
    desktop.bus = Some(address);
    Ok(())
}

/// Like the ordinary session bus, without its folders of services to start on demand.
fn bus_config(socket: &Path) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <keep_umask/>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
        socket.display()
    )
}

/// The server picks a free number itself and says which: two desktops that start at once cannot get the same.
pub(super) fn start_display(desktop: &mut Desktop) -> Result<()> {
    let mut command = desktop.command("Xvfb");
    command.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"]);
    let number = start_and_read_line(desktop, command, "Xvfb")?;
    desktop.display = Some(format!(":{number}"));
    Ok(())
}

pub(super) fn start_window_manager(desktop: &mut Desktop) -> Result<()> {
    let mut command = desktop.command("openbox");
    let log = File::create(desktop.scratch().join("openbox.log"))?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    desktop.programs.push(Running::start(command)?);
    // A question that fails while nobody manages the windows.
    until("openbox manages the windows", LIMIT, || match desktop.xdotool(&["get_num_desktops"]) {
        Ok(_) => Ok(Some(())),
        Err(DesktopError::Failed { .. }) => Ok(None),
        Err(error) => Err(error),
    })
}

/// Starts a program that stays, and waits for the one line with which it says that it is ready.
fn start_and_read_line(desktop: &mut Desktop, mut command: Command, name: &str) -> Result<String> {
    let said = desktop.scratch().join(format!("{name}.out"));
    let log = desktop.scratch().join(format!("{name}.log"));
    command.stdin(Stdio::null()).stdout(File::create(&said)?).stderr(File::create(&log)?);
    let mut program = Running::start(command)?;
    let line = until(&format!("{name} is ready"), LIMIT, || {
        let text = fs::read_to_string(&said)?;
        if let Some((line, _)) = text.split_once('\n') {
            return Ok(Some(line.to_owned()));
        }
        if program.is_running()? {
            return Ok(None);
        }
        let detail = fs::read_to_string(&log)?;
        Err(DesktopError::Failed { program: name.into(), detail: detail.trim().to_owned() })
    })?;
    desktop.programs.push(program);
    Ok(line)
}
