//! Devices that connect over MQTT.

use super::{Basis, Fact};

super::facts! {
    "mqtt-protocol", Documented, "iot-hub-mqtt-support",
        "MQTT 3.1.1 only; another protocol level gets CONNACK 1.";
    "mqtt-user-name", Documented, "iot-hub-mqtt-support; the forms without `?` or slash are those of clients in the wild",
        "The user name is {host}/{client id}, then optionally / or ? and parameters; the client id is {device} or {device}/{module}.";
    "mqtt-not-authorized", Observed, "azure-iot-sdk-c#373, iotedge#526",
        "A bad or expired token, an unknown or disabled device and another's client id get CONNACK 5.";
    "mqtt-client-id-mismatch", Assumed, "no source",
        "A client id that the user name does not name gets CONNACK 5.";
    "mqtt-one-connection", Documented, "iot-hub-mqtt-support",
        "A device has one connection; a newer one closes the older.";
    "mqtt-token-expiry", Documented, "iot-hub-mqtt-support",
        "The connection is closed when its token expires, by the wall clock.";
    "mqtt-keep-alive", Documented, "iot-hub-mqtt-support",
        "A connection that is silent for 1.5 times its keep-alive is closed, after 1767 s at the most; 0 means 1767 s.";
    "mqtt-session-kept", Assumed, "documented for messages to the device; SDKs rely on it for methods and twins",
        "With CleanSession 0 all subscriptions outlive the connection, also a restart of the emulator.";
    "mqtt-subscriptions", Documented, "iot-hub-mqtt-support",
        "A device may have 5 subscriptions, to the filters that are documented; another one closes the connection.";
    "mqtt-subscribe-qos-2", Documented, "iot-hub-mqtt-support",
        "A subscription with QoS 2 is granted 1; a message with QoS 2 closes the connection.";
    "mqtt-deliver-qos-0", Documented, "iot-hub-devguide-direct-methods; assumed for twins",
        "Methods, desired properties and answers about twins come with QoS 0, whatever was granted.";
    "mqtt-method-name", Assumed, "MQTT 3.1.1, 3.3.2-2; the Python device SDK decodes the name",
        "`+ # / ? %` and controls in the name of a method are percent-encoded in the topic: it cannot hold them, or would be another; the Python SDK decodes names.";
    "mqtt-illegal-topic", Documented, "iot-hub-mqtt-support",
        "A message to any other topic, or to one of another device, closes the connection.";
    "mqtt-retain", Documented, "iot-hub-mqtt-support",
        "A retained message is not kept but gets the property mqtt-retain.";
    "mqtt-will", Documented, "iot-hub-mqtt-support",
        "The will of a connection that ends without DISCONNECT is a message like any other; a will to another topic is refused with CONNACK 5 (assumed).";
    "mqtt-packet-size", Documented, "iot-hub-devguide-quotas-throttling; the room for headers is assumed",
        "A packet of more than 256 KB and its headers closes the connection.";
    "mqtt-second-connect", Documented, "MQTT 3.1.1, 3.1.0-2",
        "A second CONNECT, or any packet before the first, closes the connection.";
    "mqtt-twin-request", Documented, "iot-hub-mqtt-support",
        "A twin request is answered with its $rid as sent; one without $rid is ignored (assumed).";
    "mqtt-reported-version", Assumed, "the Java SDK can send it",
        "Reported properties with a $version that is not the present one get 412.";
    "mqtt-lost-connections", Assumed, "an emulator that ends takes its connections with it",
        "After a restart no device is connected, and wills are not sent.";
    "mqtt-live-device", Assumed, "a program and a simulation cannot both be the device",
        "A simulated device as which a program connects does what the program does, and is offline once it is gone.";
    "mqtt-slow-reader", Assumed, "no source",
        "A device that leaves 256 messages unread, or reads nothing for 30 seconds, is disconnected.";
    "mqtt-connect-time", Assumed, "no source",
        "A connection on which no CONNECT comes within 30 seconds is closed.";
    "message-256-kb", Documented, "iot-hub-devguide-quotas-throttling",
        "A message of a device has at most 256 KB with its properties.";
    "messages-kept", Assumed, "the emulator has no Event Hubs endpoint",
        "The newest 10000 messages of devices, at most 16 MB, are kept and can be read, up to 1000 at once.";
}
