/**
 * The thread of BrokerController.
 *
 * Owns: nothing; `serve` runs the actor in this worker.
 */
import { serve } from "../kernel/serve.ts";
import { tcpTransport } from "../net/transport.ts";
import { LightDisk } from "../../store/file/light_disk.ts";
import { brokerControllerRole, brokerControllerStart } from "./broker_controller.ts";

serve(brokerControllerRole, brokerControllerStart({ disk: new LightDisk(), transport: tcpTransport }));
