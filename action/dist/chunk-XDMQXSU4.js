import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);
var e={poll:{first:1e3,max:5e3},activeWithinMs:6e5,goneWithinMs:18e4,deletes:3,posts:3,failures:1,loginMs:1e4,writes:3,patienceMs:9e5};export{e as a};
