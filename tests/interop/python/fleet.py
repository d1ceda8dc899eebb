"""Devices of the article: registered with the service SDK, connected with the device SDK."""

import threading

from azure.iot.device import IoTHubDeviceClient, MethodResponse
from azure.iot.hub import IoTHubRegistryManager
from azure.iot.hub.models import Twin


def register(emulator, device_id, tags):
    """Creates a device with keys of the hub's making and tags; returns its connection string."""
    registry = IoTHubRegistryManager.from_connection_string(emulator.connection_string)
    device = registry.create_device_with_sas(device_id, "", "", "enabled")
    registry.update_twin(device_id, Twin(tags=tags), "*")
    key = device.authentication.symmetric_key.primary_key
    return f"HostName={emulator.device_host_name};DeviceId={device_id};SharedAccessKey={key}"


class Door:
    """A device that locks its door, and keeps what it is told."""

    def __init__(self, emulator, connection_string):
        self.calls = []
        self.patches = []
        self.changed = threading.Condition()
        self.client = IoTHubDeviceClient.create_from_connection_string(
            connection_string, server_verification_cert=emulator.ca_pem
        )
        self.client.on_method_request_received = self.answer
        self.client.on_twin_desired_properties_patch_received = self.keep
        self.client.connect()

    def answer(self, request):
        with self.changed:
            self.calls.append((request.name, request.payload))
            self.changed.notify_all()
        known = request.name == "lockDoor"
        response = MethodResponse.create_from_method_request(
            request, 200 if known else 404, {"locked": True} if known else None
        )
        self.client.send_method_response(response)

    def keep(self, patch):
        with self.changed:
            self.patches.append(patch)
            self.changed.notify_all()

    def wait_for(self, seen):
        with self.changed:
            return self.changed.wait_for(lambda: seen(self), timeout=30)

    def leave(self):
        self.client.shutdown()
