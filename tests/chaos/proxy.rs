//! A way to a service that can be cut, slowed and silenced: a proxy on the loopback.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A proxy to one port of this machine. Dropped, it takes its connections along.
#[derive(Debug)]
pub(super) struct Proxy {
    port: u16,
    way: Arc<Way>,
}

#[derive(Debug)]
struct Way {
    target: u16,
    state: Mutex<State>,
    /// It is no longer silent.
    heard: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Both ends of every connection, by its number.
    connections: BTreeMap<u64, [TcpStream; 2]>,
    made: u64,
    delay: Duration,
    silent: bool,
    closed: bool,
}

impl Proxy {
    /// Listens on a free port and leads to `target`.
    pub(super) fn to(target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let way = Arc::new(Way {
            target,
            state: Mutex::default(),
            heard: Condvar::new(),
        });
        let accepting = Arc::clone(&way);
        thread::spawn(move || accepting.accept(&listener));
        Self { port, way }
    }

    /// Where it listens.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Breaks every connection, or every other one; what is under way on it is lost.
    pub(super) fn cut(&self, all: bool) {
        let state = self.way.lock();
        for (number, ends) in &state.connections {
            if all || number % 2 == 0 {
                end(ends);
            }
        }
    }

    /// Lets bytes through only after a while.
    pub(super) fn delay(&self, delay: Duration) {
        self.way.lock().delay = delay;
    }

    /// Lets nothing through and breaks nothing, until it is told otherwise.
    pub(super) fn silence(&self, silent: bool) {
        self.way.lock().silent = silent;
        self.way.heard.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.way.lock().closed = true;
        self.silence(false);
        self.cut(true);
        // Wakes the one that accepts.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

fn end(ends: &[TcpStream; 2]) {
    for stream in ends {
        // The peer may have been faster.
        let _ = stream.shutdown(Shutdown::Both);
    }
}

impl Way {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            if self.lock().closed {
                return;
            }
            // Whoever can't be served sees a connection that ends at once, as from a dead service.
            let Ok(client) = client else { continue };
            let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.target)) else {
                continue;
            };
            self.connect(client, server);
        }
    }

    fn connect(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        let again = |stream: &TcpStream| stream.try_clone().expect("a handle");
        let ends = [again(&client), again(&server)];
        let number = {
            let mut state = self.lock();
            state.made += 1;
            let number = state.made;
            state.connections.insert(number, ends);
            number
        };
        for stream in [&client, &server] {
            let _ = stream.set_nodelay(true);
        }
        let back = (again(&server), again(&client));
        for (from, to) in [(client, server), back] {
            let way = Arc::clone(self);
            thread::spawn(move || {
                way.carry(from, to);
                if let Some(ends) = way.lock().connections.remove(&number) {
                    end(&ends);
                }
            });
        }
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = vec![0; 1 << 16];
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            self.wait();
            if to.write_all(&bytes[..read]).is_err() {
                return;
            }
        }
    }

    /// Waits until bytes may pass.
    fn wait(&self) {
        let mut state = self.lock();
        while state.silent {
            let heard = self.heard.wait(state);
            state = heard.unwrap_or_else(PoisonError::into_inner);
        }
        let delay = state.delay;
        drop(state);
        if !delay.is_zero() {
            thread::sleep(delay);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A proxy to somebody who sends back what he gets.
    fn echo() -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                thread::spawn(move || {
                    let mut back = stream.try_clone().unwrap();
                    std::io::copy(&mut stream, &mut back)
                });
            }
        });
        Proxy::to(port)
    }

    fn client(proxy: &Proxy) -> TcpStream {
        TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap()
    }

    fn said(stream: &mut TcpStream) -> [u8; 2] {
        stream.write_all(b"hi").unwrap();
        let mut heard = [0; 2];
        stream.read_exact(&mut heard).unwrap();
        heard
    }

    #[test]
    fn a_way_is_cut_and_another_one_found() {
        let proxy = echo();
        let mut first = client(&proxy);
        assert_eq!(&said(&mut first), b"hi");
        proxy.cut(true);
        assert!(matches!(first.read(&mut [0; 2]), Ok(0) | Err(_)));
        assert_eq!(&said(&mut client(&proxy)), b"hi");
    }

    #[test]
    fn what_is_said_in_silence_is_heard_afterwards() {
        let proxy = echo();
        let mut stream = client(&proxy);
        assert_eq!(&said(&mut stream), b"hi");
        proxy.silence(true);
        stream.write_all(b"ho").unwrap();
        stream
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        assert!(stream.read(&mut [0; 2]).is_err());
        proxy.silence(false);
        stream.set_read_timeout(None).unwrap();
        let mut heard = [0; 2];
        stream.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"ho");
    }
}
