//! WebSockets of a well-known library, for scenarios and the demonstration.

use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, accept_async, client_async,
    tungstenite::{Message, protocol::CloseFrame},
};

use futures_util::{SinkExt, StreamExt};

/// An open WebSocket of a client.
#[derive(Debug)]
pub struct Socket(WebSocketStream<TcpStream>);

/// Opens a WebSocket.
///
/// # Errors
/// When the server does not accept it.
pub async fn connect(address: SocketAddr, host: &str, path: &str) -> io::Result<Socket> {
    let stream = TcpStream::connect(address).await?;
    let opened = client_async(format!("ws://{host}{path}"), stream).await;
    opened.map(|(socket, _)| Socket(socket)).map_err(io::Error::other)
}

impl Socket {
    /// Sends a text and waits for the one that answers it.
    ///
    /// # Errors
    /// When the WebSocket is closed, or something else than text comes.
    pub async fn exchange(&mut self, text: &str) -> io::Result<String> {
        self.0.send(Message::text(text)).await.map_err(io::Error::other)?;
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => Ok(text.to_string()),
            other => Err(io::Error::other(format!("no text came but {other:?}"))),
        }
    }

    /// Waits for the other side to close, and says with which code; `None` when the connection just ended.
    pub async fn closed(&mut self) -> Option<u16> {
        while let Some(Ok(message)) = self.0.next().await {
            if let Message::Close(frame) = message {
                return frame.map(|CloseFrame { code, .. }| code.into());
            }
        }
        None
    }
}

/// Answers every text on every WebSocket, until the listener's task is dropped.
pub async fn serve(listener: TcpListener, answer: fn(&str) -> String) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let Ok(mut socket) = accept_async(stream).await else { return };
            while let Some(Ok(message)) = socket.next().await {
                if let Message::Text(text) = message
                    && socket.send(Message::text(answer(&text))).await.is_err()
                {
                    return;
                }
            }
        });
    }
}
