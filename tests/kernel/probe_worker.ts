import { serve } from "../../actors/kernel/serve.ts";
import { probeRole, startProbe } from "./probe_actor.ts";

serve(probeRole, startProbe);
