// dcmjs-dimse as a partner of an archive: stores files, finds and gets their study.
//
//   node dcmjs.cjs PORT STUDY FILE…
//
// Prints one line of JSON: the statuses of the stores, the studies found, how many instances came back.

const { Client, requests, responses, constants } = require('dcmjs-dimse');
const { CEchoRequest, CFindRequest, CGetRequest, CStoreRequest } = requests;
const { Status } = constants;

const [port, study, ...files] = process.argv.slice(2);

/// Sends requests over one association of their own and waits for its end.
function send(all, taken) {
  return new Promise((done, failed) => {
    const client = new Client();
    all.forEach(request => client.addRequest(request));
    if (taken) client.on('cStoreRequest', taken);
    client.on('networkError', failed);
    client.on('associationRejected', () => failed(new Error('rejected')));
    client.on('closed', done);
    client.send('127.0.0.1', Number(port), 'DCMJS', 'KLINKE');
  });
}

async function play() {
  const said = { echo: null, stored: [], found: [], got: 0, last: null };
  const echo = new CEchoRequest();
  echo.on('response', response => { said.echo = response.getStatus(); });
  await send([echo]);

  const stores = files.map(file => new CStoreRequest(file));
  stores.forEach(store => store.on('response', response => said.stored.push(response.getStatus())));
  await send(stores);

  const find = CFindRequest.createStudyFindRequest({ PatientName: 'Muster*', StudyInstanceUID: '' });
  find.on('response', response => {
    if (response.getStatus() === Status.Pending && response.hasDataset()) said.found.push(response.getDataset().getElement('StudyInstanceUID'));
  });
  await send([find]);

  const get = CGetRequest.createStudyGetRequest(study);
  get.on('response', response => { said.last = response.getStatus(); });
  await send([get], (request, callback) => {
    said.got += request.getDataset() ? 1 : 0;
    const response = responses.CStoreResponse.fromRequest(request);
    response.setStatus(Status.Success);
    callback(response);
  });
  console.log(JSON.stringify(said));
}

play().then(() => process.exit(0), error => { console.error(String(error)); process.exit(1); });
