//! Certificates of a test's own, for every test that speaks TLS.

use std::path::Path;

/// An authority and, signed by it, certificates for `names` of a server and of a client: PEM files in `folder`, `ca.pem`,
/// `server.pem`, `server.key`, `client.pem` and `client.key`.
pub(crate) fn certificates(folder: &Path, names: &[&str]) {
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).unwrap();
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = parameters.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(parameters, authority_key);
    write("ca.pem", authority.pem());
    for side in ["server", "client"] {
        let key = rcgen::KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let parameters = rcgen::CertificateParams::new(names).unwrap();
        write(&format!("{side}.pem"), parameters.signed_by(&key, &issuer).unwrap().pem());
        write(&format!("{side}.key"), key.serialize_pem());
    }
}
