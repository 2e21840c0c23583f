/** Worker of RebalanceService. */
import { serve } from "../kernel/serve.ts";
import { rebalanceRole, rebalanceStart } from "./rebalance_service.ts";

serve(rebalanceRole, rebalanceStart());
