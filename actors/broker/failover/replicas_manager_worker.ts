/** The worker of ReplicasManager. */
import { serve } from "../../kernel/serve.ts";
import { startReplicasManager } from "./replicas_manager.ts";
import { replicasManagerRole } from "./replicas_manager_contract.ts";

serve(replicasManagerRole, startReplicasManager);
