//! Certificates that are renewed while the server serves.

use crate::authority::{Authority, Pair};
use crate::mutual::{answers, load};
use crate::server::{OFTEN, READ, Server, call};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::{sleep, timeout};
use tonic::transport::ClientTlsConfig;

/// Waits until a client like this is answered.
async fn until_answered(server: &Server, client: &ClientTlsConfig) {
    let answered = async {
        while !answers(server, client.clone()).await {
            sleep(OFTEN).await;
        }
    };
    timeout(Duration::from_secs(10), answered).await.expect("the new certificate is served");
}

/// A folder as Kubernetes mounts a Secret: links to `..data`, which links to a folder of one
/// version and is exchanged for the next in one step.
struct Mount {
    folder: PathBuf,
    version: u32,
}

impl Mount {
    fn new(folder: &Path, pair: &Pair) -> Self {
        let mut mount = Self { folder: folder.to_owned(), version: 0 };
        mount.renew(pair);
        for file in ["tls.crt", "tls.key"] {
            symlink(Path::new("..data").join(file), folder.join(file)).unwrap();
        }
        mount
    }

    fn renew(&mut self, pair: &Pair) {
        self.version += 1;
        let version = format!("..{}", self.version);
        let folder = self.folder.join(&version);
        fs::create_dir(&folder).unwrap();
        pair.write(&folder);
        symlink(&version, self.folder.join("..data_tmp")).unwrap();
        fs::rename(self.folder.join("..data_tmp"), self.folder.join("..data")).unwrap();
    }
}

#[tokio::test]
async fn new_connections_get_the_new_certificate_and_old_ones_live() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let folder = tempfile::tempdir().unwrap();
    let mut mount = Mount::new(folder.path(), &old.issue(&["localhost"]));
    let server = Server::start(Some(load(folder.path(), None)), None).await;
    let channel = server.connect(Some(old.client())).await.unwrap();
    assert!(call(&channel, READ, None).await.is_ok());
    assert!(!answers(&server, new.client()).await);

    mount.renew(&new.issue(&["localhost"]));
    until_answered(&server, &new.client()).await;
    assert!(!answers(&server, old.client()).await);
    // A new connection of this channel would fail: it is the old one that answers.
    assert!(call(&channel, READ, None).await.is_ok());
}

#[tokio::test]
async fn broken_files_keep_the_old_certificate() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    old.issue(&["localhost"]).write(folder.path());
    let server = Server::start(Some(load(folder.path(), None)), None).await;
    let next = new.issue(&["localhost"]);

    fs::write(file("tls.crt"), "garbage").unwrap();
    sleep(OFTEN * 6).await;
    assert!(answers(&server, old.client()).await, "garbage");
    fs::remove_file(file("tls.crt")).unwrap();
    sleep(OFTEN * 6).await;
    assert!(answers(&server, old.client()).await, "no file");
    fs::write(file("tls.crt"), &next.certificate).unwrap();
    sleep(OFTEN * 6).await;
    assert!(answers(&server, old.client()).await, "the key of another certificate");
    fs::write(file("tls.key"), &next.key).unwrap();
    until_answered(&server, &new.client()).await;
}

#[tokio::test]
async fn the_authority_of_clients_is_followed_too() {
    let servers = Authority::new("servers");
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let folder = tempfile::tempdir().unwrap();
    servers.issue(&["localhost"]).write(folder.path());
    let server = Server::start(Some(load(folder.path(), Some(&old))), None).await;
    let client = |authority: &Authority| {
        servers.client().identity(authority.issue(&["crm.example.com"]).identity())
    };
    let former = client(&old);
    assert!(answers(&server, former.clone()).await);
    fs::write(folder.path().join("ca.crt"), &new.pem).unwrap();
    until_answered(&server, &client(&new)).await;
    assert!(!answers(&server, former).await);
}
