//! Chance without a generator: a draw is a hash of what it is about, so that a replay, another
//! platform and another version draw the same.

use crate::model::Percent;

/// A number that depends on everything fed to it and looks random.
#[derive(Debug, Clone, Copy)]
pub(in crate::emulator) struct Draw(u64);

impl Draw {
    /// A draw of the hub or fleet with this seed.
    pub(in crate::emulator) const fn of(seed: u64) -> Self {
        Self(mix(seed ^ 0x9e37_79b9_7f4a_7c15))
    }

    /// The same draw, about one thing more.
    pub(in crate::emulator) fn about(self, what: &str) -> Self {
        let mut hash = self.0 ^ 0xcbf2_9ce4_8422_2325;
        for byte in what.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        Self(mix(hash ^ what.len() as u64))
    }

    /// The same draw, about one number more.
    pub(in crate::emulator) const fn number(self, number: u64) -> Self {
        Self(mix(self.0 ^ number.wrapping_mul(0xff51_afd7_ed55_8ccd)))
    }

    /// The number drawn.
    pub(in crate::emulator) const fn get(self) -> u64 {
        self.0
    }

    /// A number from 0 up to, but not including, 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(in crate::emulator) fn unit(self) -> f64 {
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number below `bound`; 0 if there is none.
    pub(in crate::emulator) fn below(self, bound: u64) -> u64 {
        let scaled = (u128::from(self.0) * u128::from(bound)) >> 64;
        u64::try_from(scaled).unwrap_or_default()
    }

    /// Whether the draw falls into a share.
    pub(in crate::emulator) fn hits(self, share: Percent) -> bool {
        self.unit() * 100.0 < share.get()
    }
}

/// The finaliser of splitmix64: every bit of the input moves every bit of the output.
const fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_come_out_as_asked() {
        let share = Percent::whole(30);
        let hits = (0..10_000).filter(|n| Draw::of(7).about("device").number(*n).hits(share)).count();
        assert!((2_850..3_150).contains(&hits), "{hits}");
        assert!(!Draw::of(7).hits(Percent::ZERO));
        assert!((0..1_000).all(|n| Draw::of(n).hits(Percent::whole(100))));
    }

    #[test]
    fn never_changes() {
        assert_eq!(
            Draw::of(1).about("lock-00001").about("job").get(),
            Draw::of(1).about("lock-00001").about("job").get()
        );
        assert_ne!(Draw::of(1).about("ab").about("c").get(), Draw::of(1).about("a").about("bc").get());
        assert_eq!(Draw::of(0).about("pinned").get(), 3_972_047_962_544_050_694);
    }
}
