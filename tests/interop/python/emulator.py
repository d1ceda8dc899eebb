"""An emulator for the tests: started with an empty state, stopped at the end."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path


class Emulator:
    """`hubjobs emulator start`, with its certificate authority trusted by this process."""

    def __init__(self, *options):
        self.folder = Path(tempfile.mkdtemp(prefix="hubjobs-interop-"))
        self.ca_file = self.folder / "ca.pem"
        self.process = None
        self.options = options
        self.start()
        # The service SDK is built on requests, which looks here; the device SDK takes the text.
        os.environ["REQUESTS_CA_BUNDLE"] = str(self.ca_file)
        self.ca_pem = self.ca_file.read_text()

    def start(self):
        command = [os.environ["HUBJOBS"], "--json", "-C", str(self.folder), "emulator", "start"]
        command += ["--ca-out", str(self.ca_file), *self.options]
        self.log = open(self.folder / "stderr.log", "ab")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        decoder, text = json.JSONDecoder(), ""
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError(f"the emulator ended: {(self.folder / 'stderr.log').read_text()}")
            text += line
            try:
                described, _ = decoder.raw_decode(text)
                break
            except json.JSONDecodeError:
                continue
        self.connection_string = described["connectionString"]
        self.host_name = dict(part.split("=", 1) for part in self.connection_string.split(";"))["HostName"]
        # The device SDK always dials 8883, whatever port the host name has.
        self.device_host_name = self.host_name.split(":")[0]

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        self.process.wait(timeout=20)
        self.process.stdout.close()
        self.log.close()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder)
