# Homebrew formula; `.github/packaging/formula` fills in what stands between at signs, and a release carries the result.
class Hubjobs < Formula
  desc "Azure IoT Hub jobs from YAML manifests: validate, plan, apply"
  homepage "https://github.com/@REPOSITORY@"
  version "@VERSION@"
  license "MIT"

  on_macos do
    on_arm do
      url "https://github.com/@REPOSITORY@/releases/download/v@VERSION@/hubjobs-@VERSION@-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256 aarch64-apple-darwin@"
    end
    on_intel do
      url "https://github.com/@REPOSITORY@/releases/download/v@VERSION@/hubjobs-@VERSION@-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256 x86_64-apple-darwin@"
    end
  end

  on_linux do
    on_arm do
      url "https://github.com/@REPOSITORY@/releases/download/v@VERSION@/hubjobs-@VERSION@-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256 aarch64-unknown-linux-musl@"
    end
    on_intel do
      url "https://github.com/@REPOSITORY@/releases/download/v@VERSION@/hubjobs-@VERSION@-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256 x86_64-unknown-linux-musl@"
    end
  end

  def install
    bin.install "hubjobs"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/hubjobs.bash" => "hubjobs"
    fish_completion.install "completions/hubjobs.fish"
    zsh_completion.install "completions/_hubjobs"
    doc.install "CHANGELOG.md", "THIRD-PARTY.txt"
  end

  test do
    system bin/"hubjobs", "init", "--owner", "brew"
    system bin/"hubjobs", "validate"
    system bin/"hubjobs", "apply", "--auto-approve", "--wait"
  end
end
