export default (msg, ctx) => {
  msg.set("MSH-6", "RADIO");
  return msg;
};
