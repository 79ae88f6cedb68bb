//! The check of NATS: whether each of its servers lets Papo in.

use anyhow::Result;
use papo_channel_layer::nats::{Reached, reach};

use super::Finding;
use crate::config::Config;
use crate::{instance, relay};

const SUBJECT: &str = "NATS";

/// Checks NATS, if it is configured.
pub(super) fn check(config: &Config) -> Result<Vec<Finding>> {
    let Some(nats) = &config.nats else {
        return Ok(Vec::new());
    };
    if let Err(error) = relay::check(config, Some(nats)) {
        return Ok(vec![Finding::problem(SUBJECT, error.to_string())]);
    }
    let servers = instance::runtime(1)?.block_on(reach(nats));
    Ok(judge(&servers, &config.nats_origin))
}

/// One working server is enough. `origin` is the option that named them.
fn judge(servers: &[Reached], origin: &str) -> Vec<Finding> {
    let is_joined = servers.iter().any(|server| server.version.is_ok());
    let findings = servers.iter().map(|Reached { address, version }| {
        let wrong = match version {
            Ok(version) => {
                return Finding::fine(SUBJECT, format!("{address} lets papo in, version {version}"));
            }
            Err(error) => format!("{address} can't be used: {error}"),
        };
        if is_joined {
            return Finding::warning(SUBJECT, format!("{wrong}; papo takes another address"));
        }
        Finding::problem(
            SUBJECT,
            format!(
                "{wrong}; check {origin} and the server: until it is there nodes hear of each other's messages late"
            ),
        )
    });
    findings.collect()
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn one_server_of_several_is_enough() {
        let server = |version: Result<&str, &str>| Reached {
            address: "nats://nats-1:4222".into(),
            version: version.map(str::to_owned).map_err(str::to_owned),
        };
        let (there, away) = (server(Ok("2.10.1")), server(Err("refused")));
        let levels = |servers: &[Reached]| -> Vec<Level> {
            let findings = judge(servers, "PAPO_NATS_URL");
            findings.iter().map(|finding| finding.level).collect()
        };
        let servers = [there, away.clone()];
        assert_eq!(levels(&servers), [Level::Fine, Level::Warning]);
        let servers = [away.clone(), away];
        assert_eq!(levels(&servers), [Level::Problem, Level::Problem]);
    }
}
