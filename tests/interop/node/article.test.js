// The scenarios of "Schedule and broadcast jobs", as a reader of its Node part would write them.
// Started by ../run, which says in the environment where the hub is.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import device from 'azure-iot-device';
import mqtt from 'azure-iot-device-mqtt';
import iothub from 'azure-iothub';

const connectionString = process.env.IOTHUB_CONNECTION_STRING;
const hostName = /HostName=([^;]+)/.exec(connectionString)[1];
const jobs = iothub.JobClient.fromConnectionString(connectionString);
const registry = iothub.Registry.fromConnectionString(connectionString);
const building = randomUUID().slice(0, 8);
const condition = `tags.building = '${building}'`;
const ids = [1, 2].map((number) => `node-${number}-${building}`);
const doors = [];

async function register(deviceId, tags) {
  const { responseBody } = await registry.create({ deviceId });
  await registry.updateTwin(deviceId, { tags }, '*');
  return `HostName=${hostName};DeviceId=${deviceId};SharedAccessKey=${responseBody.authentication.symmetricKey.primaryKey}`;
}

// `transport` is MQTT over TLS or over WebSocket.
async function connect(text, transport) {
  const client = device.Client.fromConnectionString(text, transport);
  const door = { client, calls: [], patches: [] };
  client.onDeviceMethod('lockDoor', (request, response) => {
    door.calls.push(request.payload);
    response.send(200, { locked: true }, () => {});
  });
  await client.open();
  door.twin = await client.getTwin();
  door.twin.on('properties.desired', (delta) => door.patches.push(delta));
  return door;
}

before(async () => {
  const transports = [mqtt.Mqtt, mqtt.MqttWs];
  for (const [index, id] of ids.entries()) {
    doors.push(await connect(await register(id, { building }), transports[index]));
  }
  // Subscriptions are sent after open() has returned.
  await sleep(500);
});

after(async () => {
  for (const door of doors) await door.client.close();
});

async function ended(jobId) {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const { jobStatus: job } = await jobs.getJob(jobId);
    if (['completed', 'failed', 'cancelled'].includes(job.status)) return job;
    await sleep(200);
  }
  throw new Error(`job ${jobId} did not end`);
}

async function all(query) {
  const found = [];
  for (let token; ; token = query.continuationToken) {
    const page = await query.next(token);
    found.push(...page.result);
    if (!query.hasMoreResults) return found;
  }
}

test('a method job reaches a door over TLS and one over WebSocket', async () => {
  const jobId = `node-method-${randomUUID()}`;
  const method = { methodName: 'lockDoor', payload: { reason: 'night' }, responseTimeoutInSeconds: 15 };
  const { jobStatus: created } = await jobs.scheduleDeviceMethod(jobId, condition, method, new Date(), 60);
  assert.equal(created.status, 'queued');
  const job = await ended(jobId);
  assert.equal(job.status, 'completed');
  assert.deepEqual(
    [job.deviceJobStatistics.deviceCount, job.deviceJobStatistics.succeededCount, job.deviceJobStatistics.failedCount],
    [2, 2, 0],
  );
  for (const door of doors) assert.deepEqual(door.calls.at(-1), { reason: 'night' });
  const rows = await all(registry.createQuery(`SELECT * FROM devices.jobs WHERE devices.jobs.jobId = '${jobId}'`, 1));
  assert.deepEqual(rows.map((row) => row.deviceId).sort(), ids);
  for (const row of rows) assert.deepEqual(row.outcome.deviceMethodResponse, { status: 200, payload: { locked: true } });
});

test('a twin job without a start time arrives at the doors', async () => {
  const jobId = `node-twin-${randomUUID()}`;
  const round = randomUUID();
  const patch = { etag: '*', tags: { floor: 3 }, properties: { desired: { round }, reported: {} } };
  await jobs.scheduleTwinUpdate(jobId, condition, patch);
  const job = await ended(jobId);
  assert.equal(job.deviceJobStatistics.succeededCount, 2);
  for (let attempt = 0; attempt < 50 && doors.some((door) => door.twin.properties.desired.round !== round); attempt += 1) {
    await sleep(100);
  }
  for (const door of doors) assert.equal(door.twin.properties.desired.round, round);
  const { responseBody: twin } = await registry.getTwin(ids[0]);
  assert.equal(twin.tags.floor, 3);
  assert.equal(twin.properties.desired.round, round);
});

test('a device reports properties and sends telemetry', async () => {
  const [door] = doors;
  await new Promise((resolve, reject) =>
    door.twin.properties.reported.update({ battery: 81 }, (error) => (error ? reject(error) : resolve())),
  );
  const { responseBody: twin } = await registry.getTwin(ids[0]);
  assert.equal(twin.properties.reported.battery, 81);
  assert.equal(twin.connectionState, 'Connected');
  await door.client.sendEvent(new device.Message(JSON.stringify({ temperature: 21 })));
});

test('a future job is listed, filtered and cancelled', async () => {
  const jobId = `node-later-${randomUUID()}`;
  const method = { methodName: 'lockDoor', payload: null, responseTimeoutInSeconds: 15 };
  await jobs.scheduleDeviceMethod(jobId, condition, method, new Date(Date.now() + 2 * 3_600_000), 60);
  await sleep(1_000);
  const listed = await all(jobs.createQuery('scheduleDeviceMethod', 'scheduled', 1));
  assert.ok(listed.some((job) => job.jobId === jobId));
  const { jobStatus: cancelled } = await jobs.cancelJob(jobId);
  assert.equal(cancelled.status, 'cancelled');
  await assert.rejects(jobs.scheduleDeviceMethod(jobId, condition, method), (error) => error.name === 'DeviceAlreadyExistsError');
});

test('a direct method, and one to a door that is away', async () => {
  const { result: reply } = await iothub.Client.fromConnectionString(connectionString).invokeDeviceMethod(ids[0], {
    methodName: 'lockDoor',
    payload: { by: 'hand' },
    responseTimeoutInSeconds: 10,
  });
  assert.deepEqual(reply, { status: 200, payload: { locked: true } });
  await assert.rejects(
    iothub.Client.fromConnectionString(connectionString).invokeDeviceMethod(`nobody-${building}`, { methodName: 'lockDoor' }),
    (error) => error.response.statusCode === 404,
  );
});

test('a wrong key is refused', async () => {
  const wrong = connectionString.replace(/SharedAccessKey=[^;]+/, 'SharedAccessKey=bm90IHRoZSBrZXk=');
  await assert.rejects(iothub.Registry.fromConnectionString(wrong).get(ids[0]), (error) => error.name === 'UnauthorizedError');
});
