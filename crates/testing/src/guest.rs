//! Somebody with a browser.

use anyhow::{Context, Result, ensure};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use crate::{PATIENCE, Server, Socket};

/// Somebody with a browser: a session's cookie, and no JavaScript.
#[derive(Debug, Clone)]
pub struct Guest {
    /// `host:port` of the server.
    pub host: String,
    /// The session's cookie, `name=value`, once there is one.
    pub cookie: Option<String>,
    /// The preferred language.
    pub language: String,
    agent: Agent,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: ureq::http::HeaderMap,
    /// Its body.
    pub body: String,
}

impl Page {
    /// The status and the page's title, in one line for an error.
    pub fn brief(&self) -> String {
        let title = self.body.split_once("<title>");
        let title = title.and_then(|(_, rest)| rest.split_once("</title>"));
        let text = title.map_or(self.body.as_str(), |(title, _)| title);
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = line.chars().take(200).collect();
        format!("{} {short}", self.status)
    }

    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl Guest {
    /// A guest without a session at this server.
    pub fn new(server: &Server) -> Self {
        Self::at(&server.address().to_string())
    }

    /// A guest without a session at this host.
    pub fn at(host: &str) -> Self {
        let config = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .proxy(None)
            .build();
        Self {
            host: host.to_owned(),
            cookie: None,
            language: "pt-BR".into(),
            agent: config.into(),
        }
    }

    /// A guest who has joined a room.
    pub fn joined(server: &Server, room: i64, name: &str) -> Result<Self> {
        let mut guest = Self::new(server);
        guest.join(room, name)?;
        Ok(guest)
    }

    /// Joins a room.
    pub fn join(&mut self, room: i64, name: &str) -> Result<()> {
        let page = self.post(&format!("/room/{room}/join/"), &[("username", name)])?;
        ensure!(
            page.status == StatusCode::SEE_OTHER,
            "joining: {}",
            page.brief()
        );
        ensure!(self.cookie.is_some(), "joining gave no session");
        Ok(())
    }

    /// Leaves a room.
    pub fn leave(&mut self, room: i64) -> Result<()> {
        let page = self.post("/leave/", &[("room", &room.to_string())])?;
        ensure!(
            page.status == StatusCode::SEE_OTHER,
            "leaving: {}",
            page.brief()
        );
        Ok(())
    }

    /// Reads a page.
    pub fn get(&mut self, path: &str) -> Result<Page> {
        let mut request = self.agent.get(format!("http://{}{path}", self.host));
        request = request
            .header("accept-language", &self.language)
            .header("sec-fetch-site", "none");
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let response = request.call()?;
        self.page(response)
    }

    /// Sends a form, from a page of the same server.
    pub fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Result<Page> {
        self.post_with(path, form, &[("sec-fetch-site", "same-origin")])
    }

    /// Sends a form with these headers.
    pub fn post_with(
        &mut self,
        path: &str,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Result<Page> {
        let mut request = self.agent.post(format!("http://{}{path}", self.host));
        request = request.header("accept-language", &self.language);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let response = request.send_form(form.iter().copied())?;
        self.page(response)
    }

    /// How many bytes a file takes on the wire for a browser that accepts gzip.
    pub fn compressed_size(&self, path: &str) -> Result<f64> {
        let request = self
            .agent
            .get(format!("http://{}{path}", self.host))
            .header("accept-encoding", "gzip");
        let mut response = request.call()?;
        ensure!(
            response.status() == StatusCode::OK,
            "{path}: {}",
            response.status()
        );
        let bytes = response.body_mut().read_to_vec()?.len();
        Ok(f64::from(u32::try_from(bytes)?))
    }

    /// Opens a room's socket in the full protocol.
    pub fn socket(&self, room: i64) -> Result<Socket> {
        Socket::open(
            &self.host,
            &format!("/ws/chat/{room}/"),
            self.cookie.as_deref(),
            true,
        )
    }

    /// Opens a room's socket in the plain protocol.
    pub fn plain_socket(&self, room: i64) -> Result<Socket> {
        Socket::open(
            &self.host,
            &format!("/ws/chat/{room}/"),
            self.cookie.as_deref(),
            false,
        )
    }

    /// Opens the socket for many rooms.
    pub fn rooms_socket(&self) -> Result<Socket> {
        Socket::open(&self.host, "/ws/", self.cookie.as_deref(), true)
    }

    fn page(&mut self, mut response: Response<Body>) -> Result<Page> {
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str()?;
            let pair = cookie.split(';').next().context("a cookie")?;
            if pair.contains("papo_session=") {
                let is_gone = pair.ends_with('=');
                self.cookie = (!is_gone).then(|| pair.to_owned());
            }
        }
        Ok(Page {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.body_mut().read_to_string()?,
        })
    }
}
