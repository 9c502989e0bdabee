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
    look_again(|| match take_run_now(socket, flags) {
        Ok(Some(run)) => Ok(Received::Message(run)),
        Ok(None) => Ok(Received::End),
        Err(error) => quiet(error),
    })
}

/// None at the end.
fn take_run_now(socket: BorrowedFd<'_>, flags: RecvFlags) -> io::Result<Option<RunFds>> {
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(COUNT))];
    let mut rights = RecvAncillaryBuffer::new(&mut space);
    let flags = flags | RecvFlags::CMSG_CLOEXEC;
    let message = recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut rights, flags)?;
    if message.bytes == 0 {
        return Ok(None);
    }
    let mut fds = rights.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => fds.collect::<Vec<OwnedFd>>(),
        _ => Vec::new(),
    });
    let mut next = || fds.next().ok_or_else(|| io::Error::other("a run came without its descriptors"));
    Ok(Some(RunFds { control: next()?, stdout: next()?, stderr: next()?, order: next()? }))
}

pub fn receive<'a>(socket: BorrowedFd<'_>, buffer: &'a mut [u8]) -> io::Result<Received<&'a [u8]>> {
    let received = look_again(|| match recv(socket, &mut *buffer, RecvFlags::DONTWAIT) {
        Ok((0, _)) => Ok(Received::End),
        Ok((length, _)) => Ok(Received::Message(length)),
        Err(error) => quiet(error.into()),
    })?;
    Ok(match received {
        Received::Message(length) => Received::Message(&buffer[..length]),
        Received::NothingNow => Received::NothingNow,
        Received::End => Received::End,
    })
}

/// The end counts when it is seen twice. A look that finds nothing may be overtaken by the last message and the
/// close behind it, and then the kernel reports the end although the message lies there (seen once in 300,000
/// runs). The same goes for the one report that the other side left something of ours unread.
fn look_again<T>(mut look: impl FnMut() -> io::Result<Received<T>>) -> io::Result<Received<T>> {
    match look()? {
        Received::End => look(),
        received => Ok(received),
    }
}

/// Sends without waiting. The few small messages of a run always fit into the socket.
pub fn tell(socket: BorrowedFd<'_>, message: &[u8]) -> io::Result<()> {
    send(socket, message, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?;
    Ok(())
}

fn quiet<T>(error: io::Error) -> io::Result<Received<T>> {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(Received::NothingNow),
        // The other side died with something of ours unread.
        io::ErrorKind::ConnectionReset => Ok(Received::End),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_message_comes_before_the_end_even_if_something_of_ours_was_not_read() {
        let (ours, theirs) = pair().unwrap();
        tell(ours.as_fd(), b"end").unwrap();
        tell(theirs.as_fd(), b"exited").unwrap();
        drop(theirs);
        let mut buffer = [0; 16];
        assert_eq!(receive(ours.as_fd(), &mut buffer).unwrap(), Received::Message(b"exited".as_slice()));
        assert_eq!(receive(ours.as_fd(), &mut buffer).unwrap(), Received::End);
    }

    #[test]
    fn the_end_is_found_after_one_look_that_missed_a_message() {
        let mut looks = [Received::End, Received::Message(7)].into_iter();
        assert_eq!(look_again(|| Ok(looks.next().unwrap())).unwrap(), Received::Message(7));
        let mut looks = [Received::End, Received::<u8>::End].into_iter();
        assert_eq!(look_again(|| Ok(looks.next().unwrap())).unwrap(), Received::End);
    }
}
