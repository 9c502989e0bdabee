//! A file layer that writes down every write and sync of the write-ahead log of `errand.db` and passes
//! everything on to the real one.
#![expect(unsafe_code, reason = "a VFS is a table of C functions; nothing but a test uses this one")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::{self, size_of};
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A job of the test ran, or was told that it is done.
    Job(usize),
    Done(usize),
    LogWrite,
    LogSync,
}

static EVENTS: Mutex<Vec<Event>> = Mutex::new(Vec::new());

pub fn events() -> MutexGuard<'static, Vec<Event>> {
    EVENTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Our part of an open file; the real one stands right behind it.
#[repr(C)]
struct File {
    base: sqlite3_file,
    is_log: bool,
}

/// Makes this the layer that every connection uses from now on.
pub fn install() {
    // SAFETY: the real layer lives for ever, and so do the leaked copy and its functions.
    unsafe {
        let real = ffi::sqlite3_vfs_find(ptr::null());
        assert!(!real.is_null());
        let shim = sqlite3_vfs {
            szOsFile: size_of::<File>() as c_int + (*real).szOsFile,
            pNext: ptr::null_mut(),
            zName: c"counting".as_ptr(),
            pAppData: real.cast(),
            xOpen: Some(open),
            ..*real
        };
        let shim = Box::leak(Box::new(shim));
        assert_eq!(ffi::sqlite3_vfs_register(shim, 1), ffi::SQLITE_OK);
    }
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

macro_rules! pass {
    ($file:expr, $method:ident($($argument:expr),*)) => {{
        let inner = real($file);
        match (*(*inner).pMethods).$method {
            Some(method) => method(inner, $($argument),*),
            None => ffi::SQLITE_IOERR,
        }
    }};
}
unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives `szOsFile` bytes for the file, which is room for both parts; `pAppData` is the real
    // layer, whose other functions may take either table because they use no part that we changed.
    unsafe {
        let real_vfs: *mut sqlite3_vfs = (*vfs).pAppData.cast();
        let file: *mut File = file.cast();
        (*file).base.pMethods = ptr::null();
        (*file).is_log = !name.is_null() && CStr::from_ptr(name).to_bytes().ends_with(b"errand.db-wal");
        let inner = real(file.cast());
        (*inner).pMethods = ptr::null();
        let Some(open) = (*real_vfs).xOpen else { return ffi::SQLITE_CANTOPEN };
        let code = open(real_vfs, name, inner, flags, out_flags);
        if !(*inner).pMethods.is_null() {
            (*file).base.pMethods = &METHODS;
        }
        code
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    data: *const c_void,
    len: c_int,
    at: sqlite3_int64,
) -> c_int {
    // SAFETY: `file` was made by `open`.
    unsafe {
        if (*file.cast::<File>()).is_log {
            events().push(Event::LogWrite);
        }
        pass!(file, xWrite(data, len, at))
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: `file` was made by `open`.
    unsafe {
        let code = pass!(file, xSync(flags));
        if (*file.cast::<File>()).is_log && code == ffi::SQLITE_OK {
            events().push(Event::LogSync);
        }
        code
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: `file` was made by `open`; SQLite frees both parts afterwards.
    unsafe {
        let code = pass!(file, xClose());
        (*file).pMethods = ptr::null();
        code
    }
}

macro_rules! passed_on {
    ($($name:ident => $method:ident($($argument:ident: $type:ty),*);)*) => {$(
        unsafe extern "C" fn $name(file: *mut sqlite3_file, $($argument: $type),*) -> c_int {
            // SAFETY: `file` was made by `open`, and the arguments are passed on as they came.
            unsafe { pass!(file, $method($($argument),*)) }
        }
    )*};
}

passed_on! {
    read => xRead(data: *mut c_void, len: c_int, at: sqlite3_int64);
    truncate => xTruncate(len: sqlite3_int64);
    file_size => xFileSize(len: *mut sqlite3_int64);
    lock => xLock(level: c_int);
    unlock => xUnlock(level: c_int);
    check_reserved_lock => xCheckReservedLock(out: *mut c_int);
    file_control => xFileControl(op: c_int, argument: *mut c_void);
    sector_size => xSectorSize();
    device_characteristics => xDeviceCharacteristics();
    shm_map => xShmMap(page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void);
    shm_lock => xShmLock(offset: c_int, n: c_int, flags: c_int);
    shm_unmap => xShmUnmap(delete: c_int);
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    // SAFETY: `file` was made by `open`.
    unsafe {
        let inner = real(file);
        if let Some(method) = (*(*inner).pMethods).xShmBarrier {
            method(inner);
        }
    }
}

/// The real file behind ours.
fn real(file: *mut sqlite3_file) -> *mut sqlite3_file {
    const { assert!(size_of::<File>().is_multiple_of(mem::align_of::<usize>())) };
    file.cast::<u8>().wrapping_add(size_of::<File>()).cast()
}
