import { serve } from "../../../actors/kernel/serve.ts";
import { startThread, threadRole } from "./threads.ts";

serve(threadRole, startThread);
