import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);
var o=process.env.STATE_configFile;if(o){let{removeConfigFile:e}=await import("./chunk-SIWTY5VU.js");e(o)}var i=process.env.STATE_keyToDelete;if(i){let{cleanUp:e}=await import("./chunk-7EDNAHXD.js");await e(i,process.env)}
