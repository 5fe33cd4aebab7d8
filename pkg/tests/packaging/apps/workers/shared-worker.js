import { work } from "./work.js";

onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data }) => work(data.backend);
};
