//! Embeds `client/dist` in the binary: each file as it is, compressed in two ways, and with a hash
//! of its content; and a hash of all of them.
//!
//! Compressing at build time costs the running server nothing. All forms are read-only pages of its
//! executable, and the system drops unused ones from memory.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

fn main() {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let output = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let source = manifest.join("../../client/dist");
    println!("cargo::rerun-if-changed={}", source.display());
    if let Err(error) = embed(&source, &output) {
        println!("cargo::error=can't embed {}: {error}", source.display());
    }
}

/// Copies each file and its compressed forms to `output`, and lists them in `assets.rs`.
fn embed(source: &Path, output: &Path) -> io::Result<()> {
    let mut files: Vec<PathBuf> = fs::read_dir(source)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|file| file.is_file());
    files.sort();
    let mut list = String::from("static ASSETS: &[Asset] = &[\n");
    let mut all = String::new();
    for file in files {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let content = fs::read(&file)?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        io::Write::write_all(&mut encoder, &content)?;
        fs::write(output.join(format!("{name}.gz")), encoder.finish()?)?;
        let mut brotli = Vec::new();
        brotli::BrotliCompress(
            &mut content.as_slice(),
            &mut brotli,
            &BrotliEncoderParams::default(),
        )?;
        fs::write(output.join(format!("{name}.br")), brotli)?;
        fs::write(output.join(&name), &content)?;
        let file = |end| format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}{end}\"))");
        let (plain, gzip, brotli) = (file(""), file(".gz"), file(".br"));
        let version = version(&content);
        writeln!(all, "{name} {version}").expect("a String takes everything");
        writeln!(
            list,
            "    Asset {{ name: {name:?}, version: {version:?}, plain: {plain}, gzip: {gzip}, brotli: {brotli} }},"
        )
        .expect("a String takes everything");
    }
    list.push_str("];\n");
    let all = version(all.as_bytes());
    writeln!(list, "const ASSETS_VERSION: &str = {all:?};").expect("a String takes everything");
    fs::write(output.join("assets.rs"), list)
}

/// The first 64 bits of the content's hash.
fn version(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .take(8)
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a String takes everything");
            text
        })
}
