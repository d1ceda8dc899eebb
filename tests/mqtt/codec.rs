//! The emulator's reader of packets, against packets of another writer, cut and bent anywhere.

use hubjobs::emulator::mqtt::{Packet, Session, packet_len};
use proptest::prelude::*;

use crate::wire::{self, Hello};

fn packets() -> impl Strategy<Value = Vec<u8>> {
    let topic = "[a-z$/?=.%]{1,40}";
    let payload = prop::collection::vec(any::<u8>(), 0..300);
    prop_oneof![
        ("[a-z]{1,9}", "[a-zA-Z0-9=&]{0,40}", any::<bool>(), any::<u16>()).prop_map(
            |(id, password, clean, keep_alive)| { Hello { clean, keep_alive, ..Hello::new(&id, &password) }.packet() }
        ),
        (topic, payload, prop::option::of(1_u16..)).prop_map(|(topic, bytes, id)| wire::publish(&topic, &bytes, id)),
        (1_u16.., topic, 0_u8..3).prop_map(|(id, filter, qos)| wire::subscribe(id, &[(&filter, qos)])),
        (1_u16.., topic).prop_map(|(id, filter)| wire::unsubscribe(id, &[&filter])),
        Just(wire::PINGREQ.to_vec()),
        Just(wire::DISCONNECT.to_vec()),
    ]
}

proptest! {
    #[test]
    fn every_packet_is_read_and_no_part_of_it(packet in packets()) {
        prop_assert_eq!(packet_len(&packet), Ok(Some(packet.len())));
        prop_assert!(Packet::read(&packet).is_ok());
        for cut in 0..packet.len() {
            let part = &packet[..cut];
            prop_assert!(Packet::read(part).is_err(), "cut at {}", cut);
            if let Ok(Some(len)) = packet_len(part) {
                prop_assert_eq!(len, packet.len());
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64), packet in packets(), at in any::<usize>(), byte in any::<u8>()) {
        let mut bent = packet;
        let len = bent.len();
        bent[at % len] = byte;
        for bytes in [bytes, bent] {
            let (mut session, mut out) = (Session::new(), Vec::new());
            if let Ok(Some(len)) = packet_len(&bytes) && len <= bytes.len() {
                let _ = session.receive(&bytes[..len], &mut out);
                prop_assert!(session.id().is_none(), "nobody is in without the hub");
            }
        }
    }
}
