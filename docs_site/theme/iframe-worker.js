// Search works in a worker, which browsers refuse to pages of file:. There, a hidden frame does its work.
"use strict";

if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    onmessage = null;
    onerror = null;
    onmessageerror = null;

    constructor(url) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      // the worker posts without a target, and this page with one
      const post = "const take = self.postMessage.bind(self); self.postMessage = (message, target) => "
        + "target ? take(message, target) : parent.postMessage(message, '*');";
      this.frame.srcdoc = `<script>${post}<\/script><script src="${url}"><\/script>`;
      this.ready = new Promise(resolve => this.frame.addEventListener("load", resolve, { once: true }));
      this.receive = event => {
        if (event.source !== this.frame.contentWindow) return;
        event.stopImmediatePropagation();
        const message = new MessageEvent("message", { data: event.data });
        this.onmessage?.(message);
        this.dispatchEvent(message);
      };
      addEventListener("message", this.receive);
      document.documentElement.append(this.frame);
    }

    postMessage(message) {
      this.ready.then(() => this.frame.contentWindow.postMessage(message, "*"));
    }

    terminate() {
      removeEventListener("message", this.receive);
      this.frame.remove();
    }
  };
}
