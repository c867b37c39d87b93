//! What stands between a client and its server, and the exact words of its error.

use durably::{
    client::{ClientBuilder, Tls},
    error::ConnectError,
    prelude::*,
};
use durably_tests::{
    World,
    connect_proxy::ConnectProxy,
    on_both_servers,
    tls::{Certificates, TlsProxy, Validity},
};

on_both_servers! {
    a_plain_server_is_not_reached_by_https
    a_server_over_tls_is_not_reached_by_http
    certificates_that_are_not_accepted_are_explained
    a_proxy_that_refuses_is_named_with_its_answer
}

async fn refused(builder: ClientBuilder) -> ConnectError {
    builder.await.map(drop).expect_err("it cannot be reached")
}

async fn a_plain_server_is_not_reached_by_https(world: &World) -> Result<()> {
    let address = format!("https://{}", world.address());
    for tls in [Tls::new(), Tls::new().accept_any_certificate()] {
        let error = refused(Client::builder(&*address).tls(tls)).await;
        assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
        assert_eq!(
            error.to_string(),
            format!(
                "no TLS connection to {address}: what answers does not speak TLS; a server without TLS is reached \
                 by `http://`"
            )
        );
    }
    Ok(())
}

async fn a_server_over_tls_is_not_reached_by_http(world: &World) -> Result<()> {
    let certificates = Certificates::issue("authority")?;
    let proxy = TlsProxy::start(&certificates, world.address()).await?;
    let address = format!("http://{}", proxy.address);
    let error = refused(Client::builder(&*address)).await;
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "no TLS connection to {address}: the server speaks TLS, which an address with `https://` asks for"
        )
    );
    Ok(())
}

async fn certificates_that_are_not_accepted_are_explained(world: &World) -> Result<()> {
    let certificates = Certificates::issue("authority")?;
    let other = Certificates::issue("other")?;
    let proxy = TlsProxy::start(&certificates, world.address()).await?;
    let port = proxy.address.rsplit(':').next().expect("it has a port");
    let by_name = format!("localhost:{port}");
    let trusting = || Tls::new().roots_file(certificates.authority());
    let foreign = trusting().certificate_files(other.certificate("client"), other.key("client"));
    let known = certificates.client();
    let mistaken = known.clone().roots_file(other.authority());
    for (address, tls, reason) in [
        (
            &*by_name,
            known.clone(),
            "the server's certificate is for another name; set the right one by `Tls::server_name(..)` (certificate \
             not valid for name \"localhost\"; certificate is only valid for IpAddress(127.0.0.1))",
        ),
        (
            &*proxy.address,
            mistaken,
            "the server's certificate is of no issuer that this client trusts; pass its root to \
             `Tls::roots_file(..)`",
        ),
        (
            &*proxy.address,
            trusting(),
            "the server requires a certificate of the client; present one by `Tls::certificate_files(..)`",
        ),
        (
            &*proxy.address,
            foreign,
            "the server refuses the client's certificate, or the lack of one (UnknownCA)",
        ),
    ] {
        let error = refused(Client::builder(address).tls(tls)).await;
        assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
        assert_eq!(
            error.to_string(),
            format!("no TLS connection to https://{address}: {reason}")
        );
    }

    certificates.renew("client", Validity::Expired)?;
    let error = refused(Client::builder(&*proxy.address).tls(known.clone())).await;
    assert_eq!(
        error.to_string(),
        format!(
            "no TLS connection to https://{}: the server refuses the client's certificate, or the lack of one \
             (CertificateExpired)",
            proxy.address
        )
    );
    certificates.renew("client", Validity::Good)?;
    certificates.renew("server", Validity::Expired)?;
    proxy.renew(&certificates)?;
    let error = refused(Client::builder(&*proxy.address).tls(known.clone())).await;
    // What follows is the time of the test.
    let expected = format!(
        "no TLS connection to https://{}: the server's certificate has expired (certificate expired: verification \
         time ",
        proxy.address
    );
    let text = error.to_string();
    assert!(text.starts_with(&expected), "{text}");
    certificates.renew("server", Validity::Good)?;
    proxy.renew(&certificates)?;
    Client::builder(&*proxy.address).tls(known).await?;
    Ok(())
}

async fn a_proxy_that_refuses_is_named_with_its_answer(world: &World) -> Result<()> {
    let proxy = ConnectProxy::refusing("403 Forbidden").await?;
    let builder = Client::builder(world.address()).proxy(format!("me:s3cret@{}", proxy.address));
    let error = refused(builder).await;
    assert!(matches!(error, ConnectError::Proxy { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "no connection through proxy {}: it answers `HTTP/1.1 403 Forbidden`",
            proxy.address
        )
    );
    let head = proxy.heads().remove(0);
    let line = format!("CONNECT {} HTTP/1.1\r\n", world.address());
    assert!(head.starts_with(&line), "{head}");
    Ok(())
}
