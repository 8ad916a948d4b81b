//! Rules that one setting alone cannot break.

use super::{Settings, reader::Reader};
use crate::{security::Security, telemetry::LogFormat};
use kehu_core::{calendar::BusinessCalendar, currency};
use std::{fs, path::Path};
use tracing_subscriber::EnvFilter;

/// Notes every rule that `settings` break.
pub(super) fn check(settings: &Settings, reader: &mut Reader) {
    check_exposure(settings, reader);
    check_tls(settings, reader);
    check_auth(settings, reader);
    check_business(settings, reader);
    check_telemetry(settings, reader);
    for fault in Security::load(settings).err().into_iter().flatten() {
        reader.fault(fault.to_string());
    }
}

/// Nothing is served in the clear to others than this machine by accident.
fn check_exposure(settings: &Settings, reader: &mut Reader) {
    let reachable = !settings.server.listen.ip().is_loopback();
    if reachable && settings.tls.certificate_file.is_none() && !settings.server.insecure {
        let message = "others than this machine can reach this address: give \
                       tls.certificate_file and tls.key_file, or say --insecure";
        reader.problem("server.listen", message);
    }
}

fn check_tls(settings: &Settings, reader: &mut Reader) {
    let tls = &settings.tls;
    if tls.certificate_file.is_some() && tls.key_file.is_none() {
        reader.problem("tls.key_file", "is needed beside tls.certificate_file");
    }
    if tls.key_file.is_some() && tls.certificate_file.is_none() {
        reader.problem("tls.certificate_file", "is needed beside tls.key_file");
    }
    if tls.client_ca_file.is_some() && tls.certificate_file.is_none() {
        let message = "asks clients for certificates, which needs tls.certificate_file";
        reader.problem("tls.client_ca_file", message);
    }
}

fn check_auth(settings: &Settings, reader: &mut Reader) {
    let auth = &settings.auth;
    if auth.jwks_file.is_some() && auth.audience.is_none() {
        let message = "is needed beside auth.jwks_file, or tokens made for others would do";
        reader.problem("auth.audience", message);
    }
    if auth.jwks_file.is_none() {
        let message = "is given without auth.jwks_file, so that no token would be asked for";
        if auth.audience.is_some() {
            reader.problem("auth.audience", message);
        }
        if auth.issuer.is_some() {
            reader.problem("auth.issuer", message);
        }
    }
    if !auth.certificates.is_empty() && settings.tls.client_ca_file.is_none() {
        let message = "grants by client certificate need tls.client_ca_file";
        reader.problem("auth.certificates", message);
    }
}

fn check_business(settings: &Settings, reader: &mut Reader) {
    if let Some(code) = &settings.business.base_currency
        && !currency::is_known(code)
    {
        reader.problem("business.base_currency", "must be an ISO 4217 currency such as EUR");
    }
    if let Some(zone) = &settings.business.time_zone
        && BusinessCalendar::new(zone).is_err()
    {
        reader.problem("business.time_zone", "must be an IANA time zone such as Asia/Shanghai");
    }
}

fn check_telemetry(settings: &Settings, reader: &mut Reader) {
    if EnvFilter::try_new(&settings.telemetry.log).is_err() {
        let message = "must be a level (info) or levels by module (kehu_scoring=debug,info)";
        reader.problem("telemetry.log", message);
    }
    if let Some(endpoint) = &settings.telemetry.otlp_endpoint
        && !is_url(endpoint, &["http"])
    {
        reader.problem("telemetry.otlp_endpoint", "must be a URL such as http://127.0.0.1:4317");
    }
}

/// Whether a text is a URL of one of these schemes, with a host.
fn is_url(text: &str, schemes: &[&str]) -> bool {
    let url = url::Url::parse(text).ok();
    url.is_some_and(|url| schemes.contains(&url.scheme()) && url.has_host())
}

pub(super) fn log_format(reader: &mut Reader) -> LogFormat {
    match reader.text("telemetry.log_format").as_str() {
        "auto" => LogFormat::Auto,
        "pretty" => LogFormat::Pretty,
        "json" => LogFormat::Json,
        _ => {
            reader.problem("telemetry.log_format", "must be auto, pretty or json");
            LogFormat::Auto
        }
    }
}

/// The URL itself or what the file of a secret holds.
pub(super) fn database_url(reader: &mut Reader) -> Option<String> {
    let given = reader.optional("storage.database_url");
    let (key, url) = match reader.path("storage.database_url_file") {
        None => ("storage.database_url", given?),
        Some(path) => {
            let key = "storage.database_url_file";
            if given.is_some() {
                reader.problem(key, "is given beside storage.database_url: leave one out");
            }
            (key, secret(reader, key, &path)?)
        }
    };
    if !is_url(&url, &["postgres", "postgresql"]) {
        reader.problem(key, "must be a URL such as postgres://user:password@host/kehu");
    } else if reader.is_seen("storage.database_url") && has_password(&url) {
        let message = "everybody on this machine can read a password on the command line: give \
                       the URL in the environment, as KEHU__STORAGE__DATABASE_URL, or in a file \
                       that KEHU__STORAGE__DATABASE_URL_FILE names";
        reader.problem(key, message);
    }
    Some(url)
}

fn has_password(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| {
        url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password")
    })
}

fn secret(reader: &mut Reader, key: &str, path: &Path) -> Option<String> {
    match fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Ok(_) => {
            reader.problem(key, "the file is empty");
            None
        }
        Err(error) => {
            reader.problem(key, &format!("the file cannot be read: {error}"));
            None
        }
    }
}
