import { loadTransfers } from "../../../store/file/deno_disk.ts";
import { serve } from "../../kernel/serve.ts";
import { startGateway } from "./gateway_actor.ts";
import { gatewayRole } from "./gateway_contract.ts";

loadTransfers();
serve(gatewayRole, startGateway);
