//! Connections: TLS, limits, patience.

use super::{Basis, Fact};

super::facts! {
    "tls-versions", Documented, "TLS support in IoT Hub: 1.2 and 1.3; the Python device SDK pins 1.2",
        "HTTPS and MQTT take TLS 1.2 and 1.3.";
    "tls-certificate", Observed, "single-fault certificates tried with Python 3.13 and Node 20",
        "The server's certificate names every host name and address of the hub, is sent also when the client names none, and is signed by an authority of the emulator's own.";
    "tls-client-certificate", Documented, "X.509 device authentication",
        "MQTT asks for a certificate of the client and takes any whose key the client has; the device's thumbprints decide later.";
    "tls-handshake-10-s", Assumed, "no source",
        "A connection that has not agreed on TLS after 10 s is closed.";
    "http-request-patience", Assumed, "defaults of HTTP.sys are 120 s; shorter, so that slow clients cost little",
        "Headers must be complete within 20 s of their first byte, a body within 60 s, and an answer must be read within 60 s; else the connection is closed.";
    "http-keep-alive-120-s", Assumed, "default of HTTP.sys, by which the hub answers",
        "A connection stays open for 120 s between two requests.";
    "http-head-32-kb", Assumed, "HTTP.sys allows 16 KB; bearer tokens of Entra can be long",
        "A request with more than 32 KB or 100 headers is 431.";
    "connections-cap", Assumed, "a hub has no such limit; a process has one of open files",
        "With no file left for a connection, idle ones are closed, and if that does not help new ones.";
}
