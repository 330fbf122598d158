import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);
var r={now:Date.now,sleep:e=>new Promise(n=>setTimeout(n,e))};function m(e,{first:n,max:o}){return Math.min(o,n*2**Math.min(e,20))}export{r as a,m as b};
