import { serve } from "../../kernel/serve.ts";
import { startGateway } from "./gateway_actor.ts";
import { gatewayRole } from "./gateway_contract.ts";

serve(gatewayRole, startGateway);
