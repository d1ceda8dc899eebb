//! The program as people and pipelines meet it: transcripts of whole sessions.

#[test]
fn transcripts() {
    trycmd::TestCases::new()
        .env("CI", "")
        .env("NO_COLOR", "1")
        .env("HUBJOBS_ENV", "")
        .env("HUBJOBS_LOG", "")
        .env("HUBJOBS_TEST_SECRET", "")
        .env("COLUMNS", "100")
        .insert_var("[VERSION]", env!("CARGO_PKG_VERSION"))
        .expect("a name in brackets")
        .insert_var("[TZDB]", hubjobs::model::tzdb_version())
        .expect("a name in brackets")
        .case("tests/cases/cli/*.trycmd");
}
