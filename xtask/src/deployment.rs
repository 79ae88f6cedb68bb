//! Compares the files of `deploy/` with each other and with the program, as far as that is possible
//! without running them.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value, json};

use crate::run::root;

const COMPOSE: [&str; 2] = ["deploy/compose.yaml", "deploy/compose.small.yaml"];
const UNITS: [&str; 3] = ["papo.service", "papo-backup.service", "papo-backup.timer"];

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// All files of `deploy/`.
fn files() -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("deploy")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("deploy/.env") {
                let file = path.strip_prefix(root()).unwrap();
                files.push(file.to_str().unwrap().to_owned());
            }
        }
    }
    assert!(files.len() > 8, "{files:?}");
    files
}

/// The documents of a YAML file.
fn yaml(file: &str) -> Vec<Value> {
    let text = text(file);
    let documents = Yaml::load_from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    documents.iter().map(value).collect()
}

fn value(node: &Yaml) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(it)) => json!(it),
        Yaml::Value(Scalar::Integer(it)) => json!(it),
        Yaml::Value(Scalar::String(it)) => json!(it),
        Yaml::Sequence(items) => items.iter().map(value).collect(),
        Yaml::Mapping(pairs) => {
            let pairs = pairs
                .iter()
                .map(|(key, it)| (key.as_str().unwrap().to_owned(), value(it)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
        other => panic!("not in these files: {other:?}"),
    }
}

/// The value at this place, which must exist.
fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    let found = value.pointer(pointer);
    found.unwrap_or_else(|| panic!("no {pointer} in {value}"))
}

fn word<'a>(value: &'a Value, pointer: &str) -> &'a str {
    at(value, pointer).as_str().unwrap()
}

/// The keys of a mapping; none if there is no mapping.
fn keys(value: &Value, pointer: &str) -> BTreeSet<String> {
    let mapping = value.pointer(pointer).and_then(Value::as_object);
    mapping.map_or_else(BTreeSet::new, |it| it.keys().cloned().collect())
}

/// The names in a list, or the keys of a mapping, as compose allows both.
fn names(value: &Value, pointer: &str) -> BTreeSet<String> {
    match value.pointer(pointer) {
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().unwrap().to_owned())
            .collect(),
        _ => keys(value, pointer),
    }
}

/// The first text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let found = text
        .split_once(before)
        .and_then(|(_, rest)| rest.split_once(after));
    found
        .unwrap_or_else(|| panic!("no {before:?} … {after:?}"))
        .0
}

/// Each option's variable, and its default.
fn options() -> BTreeMap<String, String> {
    let table = text("crates/papo/src/config/table.rs");
    let settings = table.split("Setting = Setting {").skip(1);
    let options: BTreeMap<_, _> = settings
        .map(|setting| {
            let key = between(setting, "key: \"", "\"");
            let default = between(setting, "default: \"", "\"");
            (format!("PAPO_{}", key.to_uppercase()), default.to_owned())
        })
        .collect();
    assert!(options.contains_key("PAPO_LISTEN"), "{options:?}");
    options
}

/// The most seconds that a node takes to stop.
fn stopping_seconds() -> u64 {
    let source = text("crates/papo/src/serve/mod.rs");
    let margin = between(&source, "STOP_MARGIN: Duration = Duration::from_secs(", ")");
    options()["PAPO_STOP_SECONDS"].parse::<u64>().unwrap() + margin.parse::<u64>().unwrap()
}

/// The port in the image. All other files must name it.
fn port() -> String {
    let dockerfile = text("deploy/Dockerfile");
    let exposed = between(&dockerfile, "\nEXPOSE ", "\n").to_owned();
    assert_eq!(between(&dockerfile, "PAPO_LISTEN=0.0.0.0:", "\n"), exposed);
    exposed
}

/// The number of the image's user.
fn user() -> String {
    let dockerfile = text("deploy/Dockerfile");
    let user = between(&dockerfile, "\nUSER ", "\n");
    let (user, group) = user.split_once(':').unwrap();
    assert_eq!(user, group);
    assert!(user.parse::<u32>().unwrap() > 0);
    user.to_owned()
}

fn kubernetes(kind: &str) -> Value {
    let documents = yaml("deploy/kubernetes.yaml");
    let found = documents.into_iter().find(|it| it["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind}"))
}

#[test]
fn every_option_that_is_named_exists() {
    let options = options();
    for file in files() {
        let text = text(&file);
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for name in words.filter(|word| word.len() > 5 && word.starts_with("PAPO_")) {
            assert!(options.contains_key(name), "{file}: {name}");
        }
    }
}

#[test]
fn every_file_is_in_the_readme() {
    let readme = text("deploy/README.md");
    for file in files() {
        let name = file.strip_prefix("deploy/").unwrap();
        assert!(
            name == "README.md" || readme.contains(&format!("({name})")),
            "{file}"
        );
    }
    for document in ["README.md", "README.pt-BR.md", "docs/operations.md"] {
        assert!(text(document).contains("deploy/README.md)"), "{document}");
    }
}

#[test]
fn the_image_is_built_of_what_there_is() {
    let dockerfile = text("deploy/Dockerfile");
    let manifest = text("Cargo.toml");
    let rust = between(&manifest, "rust-version = \"", "\"");
    assert!(dockerfile.contains(&format!("FROM rust:{rust}-alpine AS build")));
    let context = text(".dockerignore");
    let members = between(&manifest, "\nmembers = [", "]");
    let members = members.split(", ").map(|member| {
        let member = member.trim_matches('"');
        member.strip_suffix("/*").unwrap_or(member)
    });
    let others = ["Cargo.toml", "Cargo.lock", "client/dist", "locales"];
    for path in members.chain(others) {
        assert!(root().join(path).exists(), "{path}");
        assert!(context.contains(&format!("\n!{path}\n")), "{path}");
    }
    for line in [
        "STOPSIGNAL SIGTERM",
        "VOLUME /data",
        "[\"/papo\", \"health\"]",
    ] {
        assert!(dockerfile.contains(line), "{line}");
    }
    assert!(dockerfile.contains(&format!("--chown={0}:{0} /volumes/ /", user())));
}

#[test]
fn compose_files_hold_together() {
    let example = text("deploy/.env.example");
    for file in COMPOSE {
        let text = text(file);
        for expression in text.split("${").skip(1) {
            let name = expression.split([':', '}']).next().unwrap();
            assert!(example.contains(&format!("\n{name}=")), "{file}: {name}");
        }
        let [document] = &yaml(file)[..] else {
            panic!("{file}")
        };
        let services = keys(document, "/services");
        let volumes = keys(document, "/volumes");
        let networks = keys(document, "/networks");
        for name in &services {
            let service = at(document, &format!("/services/{name}"));
            assert!(names(service, "/networks").is_subset(&networks), "{name}");
            assert!(names(service, "/depends_on").is_subset(&services), "{name}");
            for mount in names(service, "/volumes") {
                let source = mount.split(':').next().unwrap();
                let known = match source.strip_prefix("./") {
                    Some(path) => root().join("deploy").join(path).exists(),
                    None => volumes.contains(source),
                };
                assert!(known, "{file}: {mount}");
            }
        }
    }
}

#[test]
fn compose_nodes_are_what_their_proxy_looks_for() {
    for (file, nodes) in COMPOSE.into_iter().zip([3, 1]) {
        let document = &yaml(file)[0];
        let services = at(document, "/services").as_object().unwrap();
        let papos = services.iter().filter(|(_, it)| it["image"] == "papo");
        let upstreams: Vec<String> = papos
            .clone()
            .map(|(name, _)| format!("{name}:{}", port()))
            .collect();
        assert_eq!(upstreams.len(), nodes, "{file}");
        let caddy = at(document, "/services/caddy");
        assert_eq!(word(caddy, "/environment/UPSTREAMS"), upstreams.join(" "));
        let proxy = word(caddy, "/networks/front/ipv4_address");
        let addresses = at(document, "/networks/front/ipam/config/0");
        let network = word(addresses, "/subnet").strip_suffix("0/24").unwrap();
        let last = proxy.strip_prefix(network).unwrap();
        assert!((2..128).contains(&last.parse::<u8>().unwrap()), "{proxy}");
        assert_eq!(word(addresses, "/ip_range"), format!("{network}128/25"));
        for (name, node) in papos {
            assert_eq!(word(node, "/environment/PAPO_TRUSTED_PROXIES"), proxy);
            let public = word(node, "/environment/PAPO_PUBLIC_URL");
            assert!(public.starts_with("https://${DOMAIN"), "{name}");
            let grace = word(node, "/stop_grace_period").strip_suffix('s').unwrap();
            assert!(grace.parse::<u64>().unwrap() > stopping_seconds(), "{name}");
            if let Some(mount) = node.pointer("/tmpfs/0") {
                let expected = format!("/data:uid={0},gid={0},mode=0700", user());
                assert_eq!(*mount, json!(expected));
            }
        }
    }
}

#[test]
fn the_proxy_asks_what_papo_answers() {
    let proxy = text("deploy/Caddyfile");
    let routes = text("crates/web/src/routes.rs");
    let path = between(&proxy, "health_uri ", "\n");
    assert!(routes.contains(&format!("\"{path}\"")), "{path}");
    let default = between(&proxy, "{$UPSTREAMS:", "}");
    assert_eq!(default, options()["PAPO_LISTEN"]);
}

#[test]
fn units_are_made_of_settings() {
    for unit in UNITS {
        let text = text(&format!("deploy/systemd/{unit}"));
        let mut section = "";
        for line in text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            if line.starts_with('[') {
                section = line;
                continue;
            }
            let (key, _) = line
                .split_once('=')
                .unwrap_or_else(|| panic!("{unit}: {line}"));
            assert!(
                key.bytes().all(|byte| byte.is_ascii_alphabetic()),
                "{unit}: {line}"
            );
            let sections = ["[Unit]", "[Service]", "[Timer]", "[Install]"];
            assert!(sections.contains(&section), "{unit}: {line}");
        }
    }
    let server = text("deploy/systemd/papo.service");
    let grace = between(&server, "\nTimeoutStopSec=", "\n");
    assert!(grace.parse::<u64>().unwrap() > stopping_seconds());
    let backup = text("deploy/systemd/papo-backup.service");
    for line in [
        "DynamicUser=yes",
        "User=papo",
        "Environment=PAPO_DATA_DIR=%S/papo",
    ] {
        assert!(server.contains(line) && backup.contains(line), "{line}");
    }
}

#[test]
fn kubernetes_objects_refer_to_each_other() {
    for document in yaml("deploy/kubernetes.yaml") {
        assert!(!word(&document, "/apiVersion").is_empty());
        assert_eq!(word(&document, "/metadata/name"), "papo");
    }
    let deployment = kubernetes("Deployment");
    let labels = at(&deployment, "/spec/template/metadata/labels");
    assert_eq!(at(&deployment, "/spec/selector/matchLabels"), labels);
    let service = kubernetes("Service");
    assert_eq!(at(&service, "/spec/selector"), labels);
    let budget = kubernetes("PodDisruptionBudget");
    assert_eq!(at(&budget, "/spec/selector/matchLabels"), labels);

    let pod = at(&deployment, "/spec/template/spec");
    let container = at(pod, "/containers/0");
    let http = at(container, "/ports/0");
    assert_eq!(http["containerPort"].to_string(), port());
    assert_eq!(at(&service, "/spec/ports/0/targetPort"), &http["name"]);
    let ingress = kubernetes("Ingress");
    let backend = at(&ingress, "/spec/rules/0/http/paths/0/backend/service");
    assert_eq!(backend["name"], service["metadata"]["name"]);
    assert_eq!(
        at(backend, "/port/name"),
        at(&service, "/spec/ports/0/name")
    );
    let host = word(&ingress, "/spec/rules/0/host");
    assert_eq!(word(&ingress, "/spec/tls/0/hosts/0"), host);

    let secrets = keys(&kubernetes("Secret"), "/stringData");
    for variable in at(container, "/env").as_array().unwrap() {
        match variable.pointer("/valueFrom/secretKeyRef/key") {
            Some(key) => assert!(secrets.contains(key.as_str().unwrap()), "{key}"),
            None => assert!(variable["value"].is_string(), "{variable}"),
        }
        match word(variable, "/name") {
            "PAPO_PUBLIC_URL" => assert_eq!(variable["value"], format!("https://{host}")),
            "PAPO_LISTEN" => assert_eq!(variable["value"], format!("0.0.0.0:{}", port())),
            _ => {}
        }
    }
    let volumes = at(pod, "/volumes").as_array().unwrap();
    for mount in at(container, "/volumeMounts").as_array().unwrap() {
        let known = volumes.iter().any(|volume| volume["name"] == mount["name"]);
        assert!(known, "{mount}");
    }
}

#[test]
fn kubernetes_lets_a_node_go_gently() {
    let deployment = kubernetes("Deployment");
    assert_eq!(deployment["spec"]["replicas"], 3);
    let rollout = at(&deployment, "/spec/strategy/rollingUpdate/maxUnavailable");
    assert_eq!(*rollout, json!(0));
    let pod = at(&deployment, "/spec/template/spec");
    let container = at(pod, "/containers/0");
    let pause = at(container, "/lifecycle/preStop/sleep/seconds");
    let grace = at(pod, "/terminationGracePeriodSeconds").as_u64().unwrap();
    assert!(grace > pause.as_u64().unwrap() + stopping_seconds());
    assert_eq!(at(pod, "/securityContext/runAsUser").to_string(), user());
    assert_eq!(at(pod, "/enableServiceLinks"), &json!(false));
    let routes = text("crates/web/src/routes.rs");
    for (probe, path) in [
        ("startupProbe", "/healthz"),
        ("readinessProbe", "/readyz"),
        ("livenessProbe", "/healthz"),
    ] {
        let asked = at(container, &format!("/{probe}/httpGet"));
        assert_eq!(asked["path"], path);
        assert_eq!(asked["port"], container["ports"][0]["name"]);
        assert!(routes.contains(&format!("\"{path}\"")), "{path}");
    }
}
