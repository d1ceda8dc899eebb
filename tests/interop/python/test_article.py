"""The scenarios of "Schedule and broadcast jobs", as a reader of the article would write them."""

import datetime
import time
import unittest
import uuid

import requests
from azure.iot.hub import IoTHubJobManager, IoTHubRegistryManager
from azure.iot.hub.models import (
    CloudToDeviceMethod,
    JobRequest,
    QuerySpecification,
    Twin,
    TwinProperties,
)
from msrest.exceptions import HttpOperationError

from emulator import Emulator
from fleet import Door, register

ENDED = ("completed", "failed", "cancelled")


def setUpModule():
    global HUB
    # Ten lanes: a job that waits for a later start holds one.
    HUB = Emulator("--sku", "S3")
    unittest.addModuleCleanup(HUB.close)


def now():
    return datetime.datetime.now(datetime.timezone.utc)


class Article(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.jobs = IoTHubJobManager.from_connection_string(HUB.connection_string)
        cls.registry = IoTHubRegistryManager.from_connection_string(HUB.connection_string)
        cls.building = uuid.uuid4().hex[:8]
        cls.ids = [f"door-{number}-{cls.building}" for number in (1, 2)]
        tags = {"building": cls.building}
        cls.connection_strings = [register(HUB, device_id, tags) for device_id in cls.ids]
        cls.doors = [Door(HUB, connection_string) for connection_string in cls.connection_strings]
        for door in cls.doors:
            cls.addClassCleanup(door.leave)

    def condition(self):
        return f"tags.building = '{self.building}'"

    def method_job(self, name="lockDoor", payload=None, condition=None, seconds=60, start=None):
        request = JobRequest()
        request.job_id = f"methodJob-{uuid.uuid4()}"
        request.type = "scheduleDeviceMethod"
        request.start_time = (start or now()).isoformat()
        request.max_execution_time_in_seconds = seconds
        request.cloud_to_device_method = CloudToDeviceMethod(
            method_name=name, payload=payload, response_timeout_in_seconds=5, connect_timeout_in_seconds=0
        )
        request.query_condition = condition or self.condition()
        return request

    def twin_job(self, desired, tags=None, seconds=60, start=None):
        request = JobRequest()
        request.job_id = f"twinJob-{uuid.uuid4()}"
        request.type = "scheduleUpdateTwin"
        request.start_time = (start or now()).isoformat()
        request.max_execution_time_in_seconds = seconds
        request.update_twin = Twin(etag="*", tags=tags, properties=TwinProperties(desired=desired))
        request.query_condition = self.condition()
        return request

    def create(self, request):
        return self.jobs.create_scheduled_job(request.job_id, request)

    def ended(self, job_id):
        """Monitors a job to its end."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            job = self.jobs.get_scheduled_job(job_id)
            if job.status in ENDED:
                return job
            time.sleep(0.2)
        self.fail(f"job {job_id} did not end: {job.as_dict()}")

    def records(self, job_id, more=""):
        query = f"SELECT * FROM devices.jobs WHERE devices.jobs.jobId = '{job_id}'{more}"
        result = self.registry.query_iot_hub(QuerySpecification(query=query))
        self.assertEqual(result.type, "DeviceJob")
        return {row.device_id: row for row in result.items}

    def statistics(self, job):
        counts = job.device_job_statistics
        return (counts.device_count, counts.succeeded_count, counts.failed_count)

    def refused(self, status, code, call):
        with self.assertRaises(HttpOperationError) as caught:
            call()
        response = caught.exception.response
        self.assertEqual(response.status_code, status)
        self.assertEqual(response.headers["iothub-errorcode"], code)

    def test_method_job_reaches_both_doors(self):
        request = self.method_job(payload={"reason": "night"})
        created = self.create(request)
        self.assertEqual((created.job_id, created.type), (request.job_id, "scheduleDeviceMethod"))
        self.assertEqual(created.status, "queued")
        job = self.ended(request.job_id)
        self.assertEqual((job.status, self.statistics(job)), ("completed", (2, 2, 0)))
        for door in self.doors:
            self.assertIn(("lockDoor", {"reason": "night"}), door.calls)
        records = self.records(request.job_id)
        self.assertEqual(sorted(records), sorted(self.ids))
        for row in records.values():
            self.assertEqual(row.status, "completed")
            answer = row.additional_properties["outcome"]["deviceMethodResponse"]
            self.assertEqual(answer, {"status": 200, "payload": {"locked": True}})

    def test_device_that_answers_404_has_succeeded(self):
        request = self.method_job(name="openWindow")
        self.create(request)
        self.assertEqual(self.statistics(self.ended(request.job_id)), (2, 2, 0))
        for row in self.records(request.job_id).values():
            self.assertEqual(row.additional_properties["outcome"]["deviceMethodResponse"]["status"], 404)

    def test_twin_job_arrives_as_notification(self):
        desired = {"lock": {"delay": 30}, "round": uuid.uuid4().hex}
        request = self.twin_job(desired, tags={"floor": 3})
        self.create(request)
        job = self.ended(request.job_id)
        self.assertEqual((job.status, self.statistics(job)), ("completed", (2, 2, 0)))
        for door, device_id in zip(self.doors, self.ids):
            told = lambda door: any(patch.get("round") == desired["round"] for patch in door.patches)
            self.assertTrue(door.wait_for(told), door.patches)
            patch = next(patch for patch in door.patches if patch.get("round") == desired["round"])
            twin = self.registry.get_twin(device_id)
            self.assertEqual(patch["$version"], twin.properties.desired["$version"])
            self.assertEqual(twin.properties.desired["lock"], {"delay": 30})
            self.assertEqual(twin.tags["floor"], 3)
            shown = door.client.get_twin()
            self.assertEqual(shown["desired"]["lock"], {"delay": 30})
            door.client.patch_twin_reported_properties({"lock": {"delay": 30}})
            self.assertEqual(self.registry.get_twin(device_id).properties.reported["lock"], {"delay": 30})

    def test_future_job_is_listed_and_cancelled(self):
        request = self.method_job(start=now() + datetime.timedelta(hours=2))
        self.create(request)
        deadline = time.monotonic() + 10
        while self.jobs.get_scheduled_job(request.job_id).status != "scheduled":
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.2)
        self.assertIn(request.job_id, self.listed(jobType="scheduleDeviceMethod", jobStatus="scheduled"))
        self.assertNotIn(request.job_id, self.listed(jobType="scheduleUpdateTwin"))
        self.assertEqual(self.jobs.cancel_scheduled_job(request.job_id).status, "cancelled")
        self.assertEqual(self.jobs.get_scheduled_job(request.job_id).status, "cancelled")
        self.assertIn(request.job_id, self.listed(jobStatus="cancelled"))
        cancel = lambda: self.jobs.cancel_scheduled_job(request.job_id)
        self.refused(405, "OperationNotAllowedInCurrentState", cancel)

    def listed(self, **filters):
        """`query_scheduled_jobs` of the SDK expects an object where the hub sends an array, and
        fails on the real service too; so this asks with the SDK's own signature."""
        url = f"https://{HUB.host_name}/jobs/v2/query"
        headers = {"x-ms-max-item-count": "1"}
        found = []
        while True:
            parameters = {"api-version": "2021-04-12", **filters}
            session = self.jobs.auth.signed_session()
            with session:
                reply = session.get(url, params=parameters, headers=headers, verify=str(HUB.ca_file))
            self.assertEqual(reply.status_code, 200, reply.text)
            self.assertEqual(reply.headers["x-ms-item-type"], "JobResponse")
            found += [job["jobId"] for job in reply.json()]
            if "x-ms-continuation" not in reply.headers:
                return found
            headers["x-ms-continuation"] = reply.headers["x-ms-continuation"]

    def test_duplicate_and_unknown_ids(self):
        request = self.method_job()
        self.create(request)
        self.refused(409, "JobAlreadyExists", lambda: self.create(request))
        unknown = f"nobody-{uuid.uuid4()}"
        job = self.jobs.get_scheduled_job(unknown)
        self.assertEqual((job.status, job.type), ("unknown", "unknown"))
        self.refused(404, "JobNotFound", lambda: self.jobs.cancel_scheduled_job(unknown))
        self.refused(404, "JobNotFound", lambda: self.jobs.get_import_export_job(unknown))
        self.assertEqual(self.ended(request.job_id).status, "completed")

    def test_door_that_leaves_in_the_middle(self):
        """One door goes offline while the job runs; a third one comes back in time."""
        tags = {"building": f"late-{self.building}"}
        stays, returns, leaves = (f"late-{number}-{self.building}" for number in (1, 2, 3))
        strings = {device_id: register(HUB, device_id, tags) for device_id in (stays, returns, leaves)}
        doors = {device_id: Door(HUB, strings[device_id]) for device_id in (stays, leaves)}
        doors[leaves].leave()
        request = self.method_job(condition=f"tags.building = '{tags['building']}'", seconds=12)
        self.create(request)
        self.assertTrue(doors[stays].wait_for(lambda door: door.calls))
        doors[returns] = Door(HUB, strings[returns])
        job = self.ended(request.job_id)
        for device_id in (stays, returns):
            doors[device_id].leave()
        self.assertEqual((job.status, self.statistics(job)), ("completed", (3, 2, 1)))
        records = self.records(request.job_id)
        self.assertEqual({records[device_id].status for device_id in (stays, returns)}, {"completed"})
        failed = records[leaves]
        self.assertEqual(failed.status, "failed")
        self.assertEqual(failed.additional_properties["error"]["code"], "JobRunPreconditionFailed")
        self.assertEqual(sorted(self.records(request.job_id, " AND devices.jobs.status = 'failed'")), [leaves])

    def test_direct_method(self):
        method = CloudToDeviceMethod(method_name="lockDoor", payload={"by": "hand"}, response_timeout_in_seconds=10)
        reply = self.registry.invoke_device_method(self.ids[0], method)
        self.assertEqual((reply.status, reply.payload), (200, {"locked": True}))
        nobody = f"nobody-{uuid.uuid4()}"
        self.refused(404, "DeviceNotFound", lambda: self.registry.invoke_device_method(nobody, method))

    def test_unknown_policy_is_refused(self):
        wrong = HUB.connection_string.replace("iothubowner", "nobody")
        jobs = IoTHubJobManager.from_connection_string(wrong)
        self.refused(401, "IotHubUnauthorizedAccess", lambda: jobs.get_scheduled_job("any"))


if __name__ == "__main__":
    unittest.main()
