//! The emulator's codec against one of other authors: what either writes the other reads as the same,
//! and of bytes that were cut or bent the emulator takes nothing that the other refuses.

use std::sync::Arc;

use hubjobs::emulator::mqtt::{Packet, Session, packet_len};
use hubjobs::emulator::state::{DeviceTopics, Reply};
use mqtt_protocol_core::mqtt::packet::v3_1_1::{Connack, Connect, Publish, Suback, Subscribe, Unsuback, Unsubscribe};
use mqtt_protocol_core::mqtt::packet::{Qos, SubEntry, SubOpts};
use proptest::prelude::*;

use crate::wire::{self, Hello};

fn qos(level: u8) -> Qos {
    [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce][usize::from(level)]
}

fn connects() -> impl Strategy<Value = Connect> {
    let will = ("[a-z/]{1,20}", prop::collection::vec(any::<u8>(), 0..40), 0_u8..3, any::<bool>());
    let login = (".{0,30}", prop::option::of(prop::collection::vec(any::<u8>(), 0..200)));
    let text = |text: String| text.replace('\0', "");
    (".{0,40}", any::<bool>(), any::<u16>(), prop::option::of(will), prop::option::of(login)).prop_map(
        move |(id, clean, keep_alive, will, login)| {
            let mut connect =
                Connect::builder().client_id(text(id)).unwrap().clean_session(clean).keep_alive(keep_alive);
            if let Some((topic, payload, level, retain)) = will {
                connect = connect.will_message(topic, payload, qos(level), retain).unwrap();
            }
            if let Some((name, password)) = login {
                connect = connect.user_name(text(name)).unwrap();
                if let Some(password) = password {
                    connect = connect.password(password).unwrap();
                }
            }
            connect.build().unwrap()
        },
    )
}

fn publishes() -> impl Strategy<Value = Publish> {
    let payload = prop::collection::vec(any::<u8>(), 0..300);
    ("[a-z$/?=.%é]{1,40}", payload, 0_u8..3, 1_u16.., any::<bool>(), any::<bool>()).prop_map(
        |(topic, payload, level, id, retain, dup)| {
            let publish = Publish::builder().topic_name(topic).unwrap().qos(qos(level)).retain(retain).payload(payload);
            let publish = if level == 0 { publish } else { publish.dup(dup).packet_id(id) };
            publish.build().unwrap()
        },
    )
}

fn subscribes() -> impl Strategy<Value = Subscribe> {
    let filters = prop::collection::vec(("[a-z$/+#%é]{1,40}", 0_u8..3), 1..9);
    (1_u16.., filters).prop_map(|(id, filters)| {
        let entry = |(filter, level): (String, u8)| SubEntry::new(filter, SubOpts::new().set_qos(qos(level))).unwrap();
        let entries: Vec<SubEntry> = filters.into_iter().map(entry).collect();
        Subscribe::builder().packet_id(id).entries(entries).build().unwrap()
    })
}

fn unsubscribes() -> impl Strategy<Value = Unsubscribe> {
    (1_u16.., prop::collection::vec("[a-z$/+#%é]{1,40}", 1..9))
        .prop_map(|(id, filters)| Unsubscribe::builder().packet_id(id).entries(filters).unwrap().build().unwrap())
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        connects().prop_map(|packet| packet.to_continuous_buffer()),
        publishes().prop_map(|packet| packet.to_continuous_buffer()),
        subscribes().prop_map(|packet| packet.to_continuous_buffer()),
        unsubscribes().prop_map(|packet| packet.to_continuous_buffer()),
    ]
}

/// Type and flags, and what follows the length; the other codec reads the length elsewhere.
fn parts(packet: &[u8]) -> (u8, &[u8]) {
    let header = 2 + packet.iter().skip(1).take_while(|byte| **byte & 0x80 != 0).count();
    (packet[0], &packet[header..])
}

/// Whether the other codec takes a packet that the emulator took.
fn is_taken_by_the_other(packet: &[u8]) -> bool {
    let (first, body) = parts(packet);
    match first >> 4 {
        1 => Connect::parse(body).is_ok(),
        3 => Publish::parse(first & 0x0f, Arc::from(body)).is_ok(),
        8 => Subscribe::parse(body).is_ok(),
        10 => Unsubscribe::parse(body).is_ok(),
        _ => true,
    }
}

/// What a session says, given a packet and what the hub replies to it.
fn said(session: &mut Session, packet: &[u8], reply: Option<Reply>) -> Vec<u8> {
    let mut out = Vec::new();
    let asked = session.receive(packet, &mut out).unwrap();
    assert_eq!(asked.is_some(), reply.is_some());
    if let Some(reply) = reply {
        session.reply(Ok(reply), |_| String::new(), &mut out).unwrap();
    }
    out
}

proptest! {
    #[test]
    fn the_other_reads_what_the_emulator_writes(
        is_present in any::<bool>(), id in 1_u16.., name in "[a-zA-Z*_.#+/ é]{1,200}", call in any::<u64>(), len in 0_usize..70_000,
    ) {
        let mut session = Session::new();
        let opened = Reply::SessionOpened {
            session: serde_json::from_str("0").unwrap(), is_present, topics: DeviceTopics::default(),
        };
        let out = said(&mut session, &Hello::new("d", "token").packet(), Some(opened));
        let (first, body) = parts(&out);
        let connack = Connack::parse(body).unwrap().0;
        prop_assert_eq!((first, connack.session_present(), connack.return_code() as u8), (0x20, is_present, 0));
        let out = said(&mut session, &wire::subscribe(id, &[("$iothub/methods/POST/#", 2)]), Some(Reply::Done));
        let (first, body) = parts(&out);
        let suback = Suback::parse(body).unwrap().0;
        let granted: Vec<u8> = suback.return_codes().into_iter().map(|code| code as u8).collect();
        prop_assert_eq!((first, suback.packet_id(), granted), (0x90, id, vec![1]));
        let (mut out, payload) = (Vec::new(), "1".repeat(len));
        session.call_method(call, &name, Some(&payload), &mut out);
        let (first, body) = parts(&out);
        let publish = Publish::parse(first & 0x0f, Arc::from(body)).unwrap().0;
        prop_assert_eq!(first >> 4, 3);
        prop_assert!(!publish.topic_name().contains(['+', '#']), "{}", publish.topic_name());
        prop_assert_eq!(publish.topic_name().split('/').count(), 5);
        prop_assert_eq!((publish.packet_id(), publish.payload().as_slice()), (None, payload.as_bytes()));
        let out = said(&mut session, &wire::unsubscribe(id, &["$iothub/methods/POST/#"]), Some(Reply::Done));
        let (first, body) = parts(&out);
        prop_assert_eq!((first, Unsuback::parse(body).unwrap().0.packet_id()), (0xb0, id));
    }

    #[test]
    fn a_connect_is_read_as_it_was_meant(meant in connects()) {
        let bytes = meant.to_continuous_buffer();
        let Ok(Packet::Connect(read)) = Packet::read(&bytes) else { return Err(TestCaseError::fail("not read")) };
        prop_assert_eq!(read.client_id, meant.client_id());
        prop_assert_eq!((read.clean, read.keep_alive), (meant.clean_session(), meant.keep_alive()));
        prop_assert_eq!((read.user_name, read.password), (meant.user_name(), meant.password()));
        prop_assert_eq!(read.will.as_ref().map(|will| will.topic), meant.will_topic());
        if let Some(will) = read.will {
            prop_assert_eq!(Some(will.payload), meant.will_payload());
            prop_assert_eq!((will.qos, will.retain), (meant.will_qos() as u8, meant.will_retain()));
        }
    }

    #[test]
    fn a_message_is_read_as_it_was_meant(meant in publishes()) {
        let bytes = meant.to_continuous_buffer();
        let Ok(Packet::Publish(read)) = Packet::read(&bytes) else { return Err(TestCaseError::fail("not read")) };
        prop_assert_eq!((read.topic, read.payload), (meant.topic_name(), meant.payload().as_slice()));
        prop_assert_eq!((read.qos, read.retain, read.dup), (meant.qos() as u8, meant.retain(), meant.dup()));
        prop_assert_eq!(read.id, meant.packet_id());
    }

    #[test]
    fn filters_are_read_as_they_were_meant(on in subscribes(), off in unsubscribes()) {
        let bytes = on.to_continuous_buffer();
        let Ok(Packet::Subscribe { id, filters }) = Packet::read(&bytes) else { return Err(TestCaseError::fail("not read")) };
        let meant: Vec<_> = on.entries().iter().map(|entry| (entry.topic_filter(), entry.sub_opts().qos() as u8)).collect();
        prop_assert_eq!((id, filters), (on.packet_id(), meant));
        let bytes = off.to_continuous_buffer();
        let Ok(Packet::Unsubscribe { id, filters }) = Packet::read(&bytes) else { return Err(TestCaseError::fail("not read")) };
        let meant: Vec<_> = off.entries().iter().map(|entry| entry.as_str()).collect();
        prop_assert_eq!((id, filters), (off.packet_id(), meant));
    }

    #[test]
    fn nothing_is_taken_that_the_other_refuses(bytes in bytes(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let part = &bytes[..cut.index(bytes.len())];
        prop_assert!(Packet::read(part).is_err(), "a part was read");
        let mut bent = bytes;
        let at = at.index(bent.len());
        bent[at] = byte;
        let is_of_other_level = matches!(Packet::read(&bent), Ok(Packet::ConnectOfOtherLevel(_)));
        if packet_len(&bent) == Ok(Some(bent.len())) && Packet::read(&bent).is_ok() && !is_of_other_level {
            prop_assert!(is_taken_by_the_other(&bent), "{:?} was read", bent);
        }
    }
}
