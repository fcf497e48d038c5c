//! The tasks of quinn, each of which sends at the end of its turn.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use quinn::{AsyncTimer, AsyncUdpSocket, Runtime, TokioRuntime};

use super::udp::{Kind, Udp};

/// How often in a row a task of quinn's is polled that sends a lot. It stops after twenty datagrams each time, and twice as many
/// go to the kernel in one call.
const POLLS: usize = 2;

/// Runs the tasks of an endpoint. What a connection has to send in its turn goes to the kernel together.
#[derive(Debug)]
pub(crate) struct Turns<K>(pub(crate) Arc<Udp<K>>);

impl<K: Kind> Runtime for Turns<K> {
    fn new_timer(&self, at: Instant) -> Pin<Box<dyn AsyncTimer>> {
        TokioRuntime.new_timer(at)
    }

    fn spawn(&self, task: Task) {
        tokio::spawn(InTurn { task, socket: Arc::clone(&self.0) });
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        TokioRuntime.wrap_udp_socket(socket)
    }
}

/// A task of quinn's.
type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A task that may send.
struct InTurn<K> {
    task: Task,
    socket: Arc<Udp<K>>,
}

impl<K: Kind> Future for InTurn<K> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { task, socket } = &mut *self;
        let mut done = task.as_mut().poll(cx);
        for _ in 1..POLLS {
            if done.is_ready() || !socket.has_unsent() {
                break;
            }
            done = task.as_mut().poll(cx);
        }
        socket.flush();
        done
    }
}
