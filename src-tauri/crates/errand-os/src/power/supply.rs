//! What the kernel says of the power supply. Nothing tells when it changes, so it is only asked where UPower is not.

use std::fs;
use std::path::Path;

pub const SUPPLIES: &str = "/sys/class/power_supply";

/// Whether the machine draws from its battery: it has one that discharges, and no mains that is plugged in.
pub fn on_battery(supplies: &Path) -> bool {
    let Ok(entries) = fs::read_dir(supplies) else { return false };
    let mut discharges = false;
    for entry in entries.flatten() {
        let said = |name: &str| fs::read_to_string(entry.path().join(name)).unwrap_or_default();
        match said("type").trim() {
            "Mains" | "USB" if said("online").trim() == "1" => return false,
            // That of a mouse says so.
            "Battery" if said("scope").trim() != "Device" => {
                discharges |= said("status").trim() == "Discharging";
            }
            _ => {}
        }
    }
    discharges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_laptop_without_its_plug_is_on_battery_and_a_desktop_with_a_mouse_is_not() {
        let supplies = tempfile::tempdir().unwrap();
        let write = |name: &str, value: &str| {
            let file = supplies.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, format!("{value}\n")).unwrap();
        };
        assert!(!on_battery(&supplies.path().join("none")));
        write("mouse/type", "Battery");
        write("mouse/scope", "Device");
        write("mouse/status", "Discharging");
        assert!(!on_battery(supplies.path()));
        write("BAT0/type", "Battery");
        write("BAT0/status", "Discharging");
        assert!(on_battery(supplies.path()));
        write("AC/type", "Mains");
        write("AC/online", "1");
        assert!(!on_battery(supplies.path()));
        write("AC/online", "0");
        assert!(on_battery(supplies.path()));
        write("BAT0/status", "Full");
        assert!(!on_battery(supplies.path()));
    }
}
