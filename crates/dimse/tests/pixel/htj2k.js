// Encodes frames as HTJ2K and decodes them again with OpenJPH, for the tests beside this file.
//
// Usage: node htj2k.js <folder>, with <folder>/jobs.json: a list of jobs, by their numbers. A job with `coded` is
// decoded from <number>.j2c; every other is encoded from <number>.raw to that file first. Writes <number>.openjph.

const fs = require("fs");
const path = require("path");

const folder = process.argv[2];
const file = (number, ending) => path.join(folder, `${number}.${ending}`);

// Without a transform of colours the peer takes the lines of its picture for those of one component after the other.
function arranged(job, bytes) {
  if (job.components === 1 || job.colour) return bytes;
  const size = job.bits > 8 ? 2 : 1;
  const out = Buffer.alloc(bytes.length);
  const sample = (x, y, component) => ((y * job.width + x) * job.components + component) * size;
  for (let line = 0; line < job.height * job.components; line++) {
    const [to, from] = [Math.floor(line / job.components), Math.floor(line / job.height)];
    for (let x = 0; x < job.width; x++) {
      const place = sample(x, line % job.height, from);
      bytes.copy(out, sample(x, to, line % job.components), place, place + size);
    }
  }
  return out;
}

function encode(openjph, job, bytes) {
  const encoder = new openjph.HTJ2KEncoder();
  const frame = { width: job.width, height: job.height, bitsPerSample: job.bits, componentCount: job.components };
  encoder.getDecodedBuffer({ ...frame, isSigned: job.signed, isUsingColorTransform: job.colour }).set(bytes);
  encoder.setQuality(!job.step, job.step);
  encoder.setDecompositions(job.levels);
  encoder.setBlockDimensions({ width: job.block[0], height: job.block[1] });
  encoder.setProgressionOrder(job.order);
  if (job.tile) encoder.setTileSize({ width: job.tile[0], height: job.tile[1] });
  if (job.precincts) {
    encoder.setNumPrecincts(job.precincts.length);
    job.precincts.forEach(([width, height], level) => encoder.setPrecinct(level, { width, height }));
  }
  if (job.parts) {
    encoder.setTLMMarker(true);
    encoder.setTilePartDivisionsAtResolutions(true);
  }
  encoder.encode();
  const coded = Buffer.from(encoder.getEncodedBuffer());
  encoder.delete();
  return coded;
}

function decode(openjph, coded) {
  const decoder = new openjph.HTJ2KDecoder();
  decoder.getEncodedBuffer(coded.length).set(coded);
  decoder.decode();
  const bytes = Buffer.from(decoder.getDecodedBuffer());
  decoder.delete();
  return bytes;
}

require("@cornerstonejs/codec-openjph")().then((openjph) => {
  const jobs = JSON.parse(fs.readFileSync(path.join(folder, "jobs.json"), "utf8"));
  jobs.forEach((job, number) => {
    if (!job.coded) {
      const raw = arranged(job, fs.readFileSync(file(number, "raw")));
      fs.writeFileSync(file(number, "j2c"), encode(openjph, job, raw));
    }
    // What it can't decode, another peer may.
    try {
      fs.writeFileSync(file(number, "openjph"), decode(openjph, fs.readFileSync(file(number, "j2c"))));
    } catch (error) {
      console.error(`${number}: ${error.message ?? error}`);
    }
  });
});
