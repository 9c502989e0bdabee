//! How the descriptors of a run travel from the engine to the spawner.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::cmsg_space;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recv, recvmsg, send, sendmsg, socketpair,
};

/// The supervisor's side of one run.
#[derive(Debug)]
pub struct RunFds {
    pub control: OwnedFd,
    pub stdout: OwnedFd,
    pub stderr: OwnedFd,
    /// A file in memory that holds the order. A command line may take megabytes; like this nobody waits for a
    /// reader, and the spawner never touches it.
    pub order: OwnedFd,
}

const COUNT: usize = 4;

/// Two ends that keep messages apart, tell of the other end's death, and are inherited by nobody.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

pub fn pass(socket: BorrowedFd<'_>, run: &RunFds) -> io::Result<()> {
    let fds: [BorrowedFd<'_>; COUNT] =
        [run.control.as_fd(), run.stdout.as_fd(), run.stderr.as_fd(), run.order.as_fd()];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(COUNT))];
    let mut rights = SendAncillaryBuffer::new(&mut space);
    rights.push(SendAncillaryMessage::ScmRights(&fds));
    // An empty message would look like the end of file.
    sendmsg(socket, &[IoSlice::new(b"r")], &mut rights, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// What came from the other side, without waiting.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<T> {
    Message(T),
    NothingNow,
    End,
}

pub fn receive_run(socket: BorrowedFd<'_>) -> io::Result<Received<RunFds>> {
    take_run(socket, RecvFlags::DONTWAIT)
}

/// Waits as long as the socket's own limit says. Of several that wait, the kernel wakes one for each run.
pub fn await_run(socket: BorrowedFd<'_>) -> io::Result<Received<RunFds>> {
    take_run(socket, RecvFlags::empty())
}

fn take_run(socket: BorrowedFd<'_>, flags: RecvFlags) -> io::Result<Received<RunFds>> {
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(COUNT))];
    let mut rights = RecvAncillaryBuffer::new(&mut space);
    match recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut rights, flags | RecvFlags::CMSG_CLOEXEC) {
        Ok(message) if message.bytes == 0 => return Ok(Received::End),
        Ok(_) => {}
        Err(error) => return quiet(error),
    }
    let mut fds = rights.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => fds.collect::<Vec<OwnedFd>>(),
        _ => Vec::new(),
    });
    let mut next = || fds.next().ok_or_else(|| io::Error::other("a run came without its descriptors"));
    Ok(Received::Message(RunFds { control: next()?, stdout: next()?, stderr: next()?, order: next()? }))
}

pub fn receive<'a>(socket: BorrowedFd<'_>, buffer: &'a mut [u8]) -> io::Result<Received<&'a [u8]>> {
    match recv(socket, &mut *buffer, RecvFlags::DONTWAIT) {
        Ok((0, _)) => Ok(Received::End),
        Ok((length, _)) => Ok(Received::Message(&buffer[..length])),
        Err(error) => quiet(error),
    }
}

/// Sends without waiting. The few small messages of a run always fit into the socket.
pub fn tell(socket: BorrowedFd<'_>, message: &[u8]) -> io::Result<()> {
    send(socket, message, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?;
    Ok(())
}

fn quiet<T>(error: rustix::io::Errno) -> io::Result<Received<T>> {
    match error {
        rustix::io::Errno::AGAIN | rustix::io::Errno::INTR => Ok(Received::NothingNow),
        // The other side died with something of ours unread.
        rustix::io::Errno::CONNRESET => Ok(Received::End),
        error => Err(error.into()),
    }
}
